"""The ways to a phone: which trunks may take a call, which has room, and what is known of those that failed lately."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from twoleg.adapters.sip_engine import facts
from twoleg.adapters.sip_engine.legs import Dialling, LegBook
from twoleg.adapters.sip_engine.routes import Routes
from twoleg.adapters.sip_engine.targets import Avoided, Targets, Then
from twoleg.application.capacity import Capacity
from twoleg.application.ports import Full
from twoleg.domain import causes
from twoleg.domain.call import Call, Leg, Role
from twoleg.domain.errors import NoRoute
from twoleg.domain.signals import LegRefused, Signal
from twoleg.domain.trunk import Draw, Trunk, choose_trunks
from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Failed
from twoleg.sip.peers import Peer

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER


class TrunkStates(Protocol):
    """Who knows which trunks are up."""

    def is_up(self, name: str) -> bool:
        """Whether calls may be sent by that trunk."""


class Ways:
    """One for all calls."""

    def __init__(
        self,
        *,
        routes: Routes,
        targets: Targets,
        capacity: Capacity,
        states: TrunkStates,
        draw: Draw,
        now: Callable[[], float],
    ) -> None:
        """`now`: seconds, monotonic."""
        self._routes = routes
        self._targets = targets
        self._capacity = capacity
        self._states = states
        self._draw = draw
        self._now = now
        self._avoided = Avoided()
        self._closed: dict[str, float] = {}
        """Until when a trunk asked to be left alone."""
        self._room: Callable[[str], None] = _nobody_waits

    def tell_room(self, room: Callable[[str], None]) -> None:
        """`room(trunk)` is told from now on whenever a trunk may have room again."""
        self._room = room

    def reserve(self, call: Call, book: LegBook) -> Signal | Full | None:
        """See `application.ports.CallEngine.reserve`; what is kept goes into the call's entry of the book."""
        wanted: dict[Role, list[str]] = {}
        for leg in (call.agent, call.customer):
            found = self._alive(call, leg)
            if isinstance(found, LegRefused):
                return found
            wanted[leg.role] = found
        kept = self._capacity.reserve(wanted[AGENT], wanted[CUSTOMER], self._now())
        if isinstance(kept, Full):
            return self._refused_for_good(call) or kept
        try:
            made = {role: self._dialling(name, wanted[role]) for role, name in zip(wanted, kept, strict=True)}
            book.open(call).diallings.update(made)
        except Exception:
            for name in kept:
                self._capacity.give_back(name)
            raise
        return None

    def credentials(self, name: str) -> Credentials | None:
        """What that trunk is told when it challenges; None, too, for one that is configured no more."""
        known = name in {trunk.name for trunk in self._routes.trunks}
        return self._routes.named(name).credentials if known else None

    def _refused_for_good(self, call: Call) -> LegRefused | None:
        """No wait helps a call whose legs both need the only channel of one trunk, even if all its trunks are up."""
        agent, customer = (self._named(call, leg) for leg in (call.agent, call.customer))
        if self._capacity.can_ever_hold(agent, customer):
            return None
        why = f"trunk {customer[0]} has one channel (channels = 1), and both phones of the call would need it"
        return LegRefused(CUSTOMER, causes.NO_CIRCUIT, why)

    def _named(self, call: Call, leg: Leg) -> list[str]:
        trunks = choose_trunks(self._routes.trunks, leg.number, tenant_id=call.tenant_id, draw=self._draw)
        return [trunk.name for trunk in trunks]

    def _dialling(self, name: str, wanted: Sequence[str]) -> Dialling:
        return Dialling(self._routes.named(name), deque(each for each in wanted if each != name))

    def _alive(self, call: Call, leg: Leg) -> list[str] | LegRefused:
        try:
            trunks = choose_trunks(self._routes.trunks, leg.number, tenant_id=call.tenant_id, draw=self._draw)
        except NoRoute as error:
            return LegRefused(leg.role, causes.NO_ROUTE_TO_DESTINATION, str(error))
        names = [trunk.name for trunk in trunks if self._states.is_up(trunk.name)]
        if not names:
            return LegRefused(leg.role, causes.NETWORK_OUT_OF_ORDER, _none_left("are down", leg, trunks))
        now = self._now()
        names = [name for name in names if self._closed.get(name, now) <= now]
        if not names:
            return LegRefused(leg.role, causes.CONGESTION, _none_left("asked to be left alone", leg, trunks))
        return self._avoided.last(names, now)

    def give_back(self, dialling: Dialling) -> None:
        """The leg needs its channel no more; again is harmless."""
        if dialling.holds_room:
            trunk = dialling.route.trunk.name
            self._capacity.give_back(trunk)
            dialling.holds_room = False  # not before: what raised is tried again when the call is forgotten
            self._room(trunk)

    def delay(self, dialling: Dialling) -> float:
        """Seconds until its INVITE may be sent; it counts as sent then."""
        return self._capacity.delay(dialling.route.trunk.name, self._now())

    def find(self, dialling: Dialling, then: Then) -> None:
        """Look for the addresses of its trunk."""
        self._targets.find(dialling.route.uri, then)

    def in_order(self, peers: Sequence[Peer]) -> list[Peer]:
        """The same, those that were silent lately behind the others."""
        return self._avoided.last(peers, self._now())

    def has_elsewhere(self, dialling: Dialling) -> bool:
        """Whether there is another address, or another trunk that is up and has room."""
        return bool(dialling.peers) or any(
            self._states.is_up(name) and self._capacity.has_room(name) for name in dialling.trunks
        )

    def begin(self, dialling: Dialling) -> None:
        """Its turn has come: if its trunk went down or silent since room was kept, go by a better one that has room."""
        name = dialling.route.trunk.name
        if self._is_good(name):
            return
        better = [each for each in dialling.trunks if self._is_good(each) and self._capacity.has_room(each)]
        if better and self._capacity.move(name, better[0], self._now()):
            dialling.trunks.remove(better[0])
            dialling.trunks.append(name)
            dialling.route = self._routes.named(better[0])
            self._room(name)

    def _is_good(self, name: str) -> bool:
        now = self._now()
        return self._states.is_up(name) and not self._avoided.holds(name, now) and self._closed.get(name, now) <= now

    def moved_on(self, dialling: Dialling) -> bool:
        """Whether there is another trunk, with room; the dialling holds that room now."""
        while dialling.trunks:
            name, before = dialling.trunks.popleft(), dialling.route.trunk.name
            if self._states.is_up(name) and self._capacity.move(before, name, self._now()):
                dialling.route = self._routes.named(name)
                self._room(before)
                return True
        return False

    def was_silent(self, dialling: Dialling) -> None:
        """Its address gave no answer; when that was the last one, so did its trunk."""
        now = self._now()
        self._avoided.add(dialling.peer, now)
        if not dialling.peers:
            self._avoided.add(dialling.route.trunk.name, now)

    def has_failed(self, dialling: Dialling, event: Failed) -> None:
        """Silence is remembered for a while, a wish to be left alone for as long as it says (RFC 3261 21.5.4)."""
        peer: Peer | None = dialling.peer
        if dialling.is_settled or peer is None:
            return
        if event.status is None:
            self.was_silent(dialling)
        seconds = facts.retry_after(event)
        if seconds is not None:
            now = self._now()
            self._targets.penalise(peer, until=now + seconds)
            if not dialling.peers:
                others = dialling.addresses - 1  # they were only silent, and may be back sooner
                self._closed[dialling.route.trunk.name] = now + (min(seconds, Avoided.SECONDS) if others else seconds)

    def is_well(self, dialling: Dialling) -> None:
        """Its address answers."""
        self._avoided.remove(dialling.peer)
        self._avoided.remove(dialling.route.trunk.name)
        self._closed.pop(dialling.route.trunk.name, None)


def _none_left(why: str, leg: Leg, trunks: Sequence[Trunk]) -> str:
    names = ", ".join(trunk.name for trunk in trunks)
    return f"all trunks for {leg.number} {why}: {names}"


def _nobody_waits(_trunk: str) -> None:
    pass
