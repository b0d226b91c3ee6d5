"""A service whose minutes are shorter than any that may be configured: for what else would take a test that long.

RFC 4028 forbids sessions of less than 90 s, and so does `[sip] min_se`. Whoever is started with `SHORTEST_SESSION` in
its environment has that many seconds in place of the 90, in the code as in the configuration; everything else that
has to do with time keeps its proportion to them. Only the forked processes of `forks` look at it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twoleg.config import Settings
    from twoleg.sip.timers import Timers

SHORTEST_SESSION = "TEST_SHORTEST_SESSION"


def bend() -> None:
    """Do as the environment says; this process is one that a test alone uses."""
    if SHORTEST_SESSION in os.environ:
        _bend_sessions(int(os.environ[SHORTEST_SESSION]))


def _bend_sessions(seconds: int) -> None:
    from twoleg.bootstrap import engine_process  # noqa: PLC0415 - only here: most processes are as they are
    from twoleg.sip import expiry  # noqa: PLC0415

    straight = engine_process.sip_timers

    def bent(settings: Settings) -> Timers:
        return replace(straight(settings), min_se=seconds)

    expiry.SHORTEST = seconds  # type: ignore[misc]
    engine_process.sip_timers = bent
