"""What all tests share: Hypothesis without a stopwatch, and clear words from assertions in shared modules."""

from __future__ import annotations

import pytest
from hypothesis import settings

# Before anything imports them: what they assert shall fail as clearly as a test.
pytest.register_assert_rewrite("interop.exchange", "service")

# How long an example takes says more about the machine than about the code; pytest-timeout bounds what hangs.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
