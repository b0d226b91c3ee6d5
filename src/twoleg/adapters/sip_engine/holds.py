"""Which phones hold the other: seen in the offers they make, and told once the other took the change.

Before the two are connected holding concerns nobody: who holds then is told of when they are, and who came back before
that never held.
"""

from __future__ import annotations

from collections.abc import Iterator

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
        self._holding: set[Role] = set()
        self._told: set[Role] = set()
        """Those whose holding was told and not yet taken back."""
        self._are_connected = False

    def offered(self, role: Role, body: bytes | None) -> None:
        """That phone offers a change; None, or what cannot be read, says nothing of holding."""
        self._offered.pop(role, None)
        holds = _holds(body)
        if holds is not None:
            self._offered[role] = holds

    def accepted(self, role: Role) -> LegHeld | LegResumed | None:
        """Its offer was taken; answers what that means, None when it means nothing new."""
        holds = self._offered.pop(role, None)
        return None if holds is None else self._now(role, holds=holds)

    def answered(self, role: Role, body: bytes | None) -> LegHeld | LegResumed | None:
        """It answered an offer of ours: one that still held would have answered so (RFC 3264 8.4)."""
        return self._now(role, holds=False) if role in self._holding and _holds(body) is False else None

    def connected(self) -> Iterator[LegHeld]:
        """The two are connected: who holds by now is told of. Harmless when repeated."""
        self._are_connected = True
        for role in Role:
            if role in self._holding and role not in self._told:
                self._told.add(role)
                yield LegHeld(role)

    def _now(self, role: Role, *, holds: bool) -> LegHeld | LegResumed | None:
        (self._holding.add if holds else self._holding.discard)(role)
        if not self._are_connected or holds is (role in self._told):
            return None
        (self._told.add if holds else self._told.discard)(role)
        return LegHeld(role) if holds else LegResumed(role)


def _holds(body: bytes | None) -> bool | None:
    """Whether who described itself so receives nothing; None: the description does not say."""
    try:
        audio = SessionDescription.parse(body) if body else None
    except SdpError:
        return None
    return None if audio is None else audio.direction in _HOLDING
