"""What all tests share: Hypothesis without a stopwatch."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says more about the machine than about the code; pytest-timeout bounds what hangs.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
