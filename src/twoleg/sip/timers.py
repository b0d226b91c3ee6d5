"""The timer values of RFC 3261 and our own limits, all in seconds.  Values only; `deadlines` keeps what is armed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 table 4 and RFC 6026.  A, E and G start at `t1` and double; B, F, H, J, L and M are 64 * `t1`."""

    t1: float = 0.5
    """Estimated round trip."""
    t2: float = 4.0
    """Longest interval between retransmissions of a non-INVITE request or an INVITE response."""
    t4: float = 5.0
    """Longest time a message stays in the network: timers I and K."""
    d: float = 32.0
    """How long a client absorbs repeated final responses to INVITE over UDP (17.1.1.2: at least 32 s)."""
    trying: float = 0.2
    """A UAS that has said nothing for this long sends 100 (17.2.1)."""
    ring_limit: float = 300.0
    """Longest life of an INVITE without a final response, in both roles.  Ours: timer C of 16.6 is over 180 s."""
    reinvite_limit: float = 32.0
    """Longest wait for a final response to our re-INVITE once a provisional came.  Ours."""
    update_limit: float = 20.0
    """Longest that an offer in an UPDATE waits for its answer: its sender gives up after 64 * T1 (RFC 3311 5.2)."""
    session_expires: int = 1800
    """The session interval that we ask for, and the longest that we agree to (RFC 4028 4.2); 0 asks for none."""
    min_se: int = 90
    """The shortest session interval that we agree to, and above 90 ask for as Min-SE (RFC 4028 5: at least 90)."""

    @property
    def timeout(self) -> float:
        """64 * T1: timers B, F, H, J, L, M and the wait for an ACK (13.3.1.4) or for a 487 (9.1)."""
        return 64 * self.t1
