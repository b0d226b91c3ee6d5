"""When the demo does not show what it should."""

from __future__ import annotations

from twoleg.cli.errors import Negative


class DemoFailed(Negative):
    """The service did not do as it says; the message says what was expected, and what came."""
