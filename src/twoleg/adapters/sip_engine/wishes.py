"""What the media path of one call wishes, passed on to the engine with the call it is for."""

from __future__ import annotations

from typing import Protocol

from twoleg.adapters.sip_engine.legs import EngineCall
from twoleg.domain.call import Role
from twoleg.domain.signals import AgentGreeting, Bridged, BridgeFailed, LegHeard, LegSilent, Signal


class Granting(Protocol):
    """Who does it: the engine."""

    def offer(self, entry: EngineCall, role: Role, body: bytes | None) -> None:
        """Offer media to a phone."""

    def answer(self, entry: EngineCall, role: Role, status: int, body: bytes | None) -> None:
        """Answer the offer of a phone."""

    def ack(self, entry: EngineCall, role: Role, body: bytes) -> None:
        """Answer the offer in a 2xx."""

    def tell(self, entry: EngineCall, signal: Signal) -> None:
        """Pass a signal on to the call."""

    def fault(self, entry: EngineCall, error: Exception) -> None:
        """End the call for it."""


class CallWishes:
    """The `MediaWishes` of one call."""

    def __init__(self, engine: Granting, entry: EngineCall) -> None:
        self._engine = engine
        self._entry = entry

    def offer(self, role: Role, body: bytes | None) -> None:
        """See `MediaWishes`, here and below."""
        self._engine.offer(self._entry, role, body)

    def answer(self, role: Role, status: int, body: bytes | None) -> None:
        """Passed on."""
        self._engine.answer(self._entry, role, status, body)

    def ack(self, role: Role, body: bytes) -> None:
        """Passed on."""
        self._engine.ack(self._entry, role, body)

    def greeting(self, *, is_over: bool) -> None:
        """Told as a signal."""
        self._engine.tell(self._entry, AgentGreeting(is_over))

    def bridged(self) -> None:
        """Told as a signal, and once both have answered who holds by then."""
        self._engine.tell(self._entry, Bridged())
        if len(self._entry.answered) == len(Role):
            for held in self._entry.holds.connected():
                self._engine.tell(self._entry, held)

    def silent(self, role: Role) -> None:
        """Told as a signal."""
        self._engine.tell(self._entry, LegSilent(role))

    def heard(self, role: Role) -> None:
        """Told as a signal."""
        self._engine.tell(self._entry, LegHeard(role))

    def failed(self, cause: int, detail: str) -> None:
        """Told as a signal."""
        self._engine.tell(self._entry, BridgeFailed(cause, detail))

    def faulted(self, error: Exception) -> None:
        """The call ends for it."""
        self._engine.fault(self._entry, error)
