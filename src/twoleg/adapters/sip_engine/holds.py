"""Which phones hold the other: seen in the offers they make, and told once the other took the change."""

from __future__ import annotations

from twoleg.domain.call import Role
from twoleg.domain.signals import LegHeld, LegResumed
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import Direction, SessionDescription

_HOLDING = frozenset({Direction.SENDONLY, Direction.INACTIVE})
"""RFC 3264 8.4: what a phone offers that puts the other on hold."""


class Holds:
    """Of one call."""

    def __init__(self) -> None:
        self._offered: dict[Role, bool] = {}
        self._held: set[Role] = set()

    def offered(self, role: Role, body: bytes | None) -> None:
        """That phone offers a change; None, or what cannot be read, says nothing of holding."""
        self._offered.pop(role, None)
        try:
            audio = SessionDescription.parse(body) if body else None
        except SdpError:
            return
        if audio is not None:
            self._offered[role] = audio.direction in _HOLDING

    def accepted(self, role: Role) -> LegHeld | LegResumed | None:
        """Its offer was taken; answers what that means, None when it means nothing new."""
        holds = self._offered.pop(role, None)
        if holds is None or holds is (role in self._held):
            return None
        if holds:
            self._held.add(role)
            return LegHeld(role)
        self._held.remove(role)
        return LegResumed(role)
