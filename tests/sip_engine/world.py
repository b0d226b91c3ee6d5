"""A whole engine on a driven clock: conductor, SIP engine, direct media, user agent; and carriers around it.

Nothing is read from a clock, a socket or a file: `World.run` turns the time of all of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from application.test_conductor import HeldJournal, NotedLog
from domain.calls import SERIAL, a_call
from sip.network import Fate, Network, perfect
from sip_engine.agreement import End, Story
from twoleg.adapters.media.direct import DirectMedia
from twoleg.adapters.sip_engine.dialler import CORRELATION
from twoleg.adapters.sip_engine.engine import FORBIDDEN, SipCallEngine
from twoleg.adapters.sip_engine.routes import Routes
from twoleg.adapters.sip_engine.watch import TrunkWatch
from twoleg.adapters.sip_engine.ways import Ways
from twoleg.application.capacity import Capacity, Limits
from twoleg.application.conductor import Conductor
from twoleg.application.ladder.ports import CallRecorder
from twoleg.application.media import Media
from twoleg.application.ports import TrunkState
from twoleg.domain.call import Call
from twoleg.domain.effects import Timer
from twoleg.domain.trunk import Draw, Trunk
from twoleg.sip.events import (
    Acknowledged,
    Cancelled,
    Event,
    Failed,
    Fault,
    HungUp,
    IncomingInvite,
    LegId,
    Reinvited,
    Released,
)
from twoleg.sip.message import Request
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer
from twoleg.sip.timers import Timers
from twoleg.sip.uri import SipUri
from twoleg.sip.user_agent import UserAgent

LIMITS = {Timer.QUEUE: 60.0, Timer.RING_AGENT: 30.0, Timer.RING_CUSTOMER: 45.0, Timer.TALK: 14_400.0}
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
EPOCH = 1_621_823_865_000


class NetworkClock:
    """The `Clock` port over the network's time."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def now_ms(self) -> int:
        return EPOCH + round(self.network.now * 1000)

    def call_later(self, seconds: float, action: Callable[[], None]) -> Alarm:
        alarm = Alarm(action)
        self.network.at(self.network.now + max(0.0, seconds), alarm.fire)
        return alarm


class Alarm:
    """Something to be done, once, unless it is cancelled before."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action

    def fire(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()

    def cancel(self) -> None:
        self._action = None


class EngineShell:
    """The `Shell` of the engine under test; as a party of the network it hands events on."""

    def __init__(self, network: Network, port: int = 5060) -> None:
        self.network = network
        self.address = self.local = Peer("udp", "127.0.0.1", port)
        self.ua = self.agent = UserAgent(local=self.local, random=random.Random(port), timers=Timers(ring_limit=120))
        self.heard: Callable[[Event], None] = lambda _: None
        self.faults: list[Exception] = []
        """What the user agent says of faults, as the driver logs it."""
        network.parties[self.address] = self  # type: ignore[assignment]  # a party in all that the network asks

    def now(self) -> float:
        return self.network.now

    def wake(self) -> None:
        """The network looks at everybody's output by itself; between its steps it has to be told."""
        self.network.stirred()

    def close(self) -> None: ...

    def listen(self) -> None:
        while events := self.ua.take_events():
            for event in events:
                fault = event.fault if isinstance(event, Fault | Failed) else None
                if fault is not None:
                    self.faults.append(fault)
                self.heard(event)


Habit = Callable[["Carrier", LegId, Request], None]


def answers(*, after: float = 1.0) -> Habit:
    """Rings at once, answers later."""

    def habit(carrier: Carrier, leg: LegId, _request: Request) -> None:
        carrier.ua.ring(leg, now=carrier.network.now)
        carrier.later(after, lambda: carrier.accept(leg))

    return habit


def rings(carrier: Carrier, leg: LegId, _request: Request) -> None:
    """And nothing else."""
    carrier.ua.ring(leg, now=carrier.network.now)


def refuses(status: int, *headers: tuple[str, str], after: float = 0.0) -> Habit:
    """Says no."""

    def habit(carrier: Carrier, leg: LegId, _request: Request) -> None:
        carrier.later(after, lambda: carrier.ua.reject(leg, status=status, extra_headers=headers, now=carrier.now))

    return habit


class Carrier:
    """One carrier: notes who is called, and does what its habit is."""

    def __init__(self, network: Network, port: int, habit: Habit) -> None:
        self.network = network
        self.address = Peer("udp", "127.0.0.1", port)
        self.ua = UserAgent(local=self.address, random=random.Random(port))
        self.habit = habit
        self.invites: list[Request] = []
        self.times: list[float] = []
        self.live: set[LegId] = set()
        self.ringing: set[LegId] = set()
        self.stories: dict[LegId, Story] = {}
        network.parties[self.address] = self  # type: ignore[assignment]  # see EngineShell

    @property
    def now(self) -> float:
        return self.network.now

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        self.network.at(self.now + seconds, action)

    def accept(self, leg: LegId) -> None:
        if leg in self.ringing:
            self.stories[leg].answered_at = self.now
            self.ua.accept(leg, body=SDP, now=self.now)

    def refuse(self, leg: LegId, status: int) -> None:
        """No more than one final answer: a phone that was not wanted any more says nothing."""
        if leg in self.ringing:
            self.stories[leg].status = status
            self.stories[leg].ends(End.REFUSED, self.now)
            self.ua.reject(leg, status=status, now=self.now)

    def hang_up(self) -> None:
        for leg in tuple(self.live):
            self.hang_up_leg(leg)

    def hang_up_leg(self, leg: LegId) -> None:
        """What is gone already cannot be hung up."""
        if leg in self.live:
            self.stories[leg].ends(End.HUNG_UP, self.now)
            self.ua.release(leg, now=self.now)

    def listen(self) -> None:
        while events := self.ua.take_events():
            for event in events:
                self._act(event)

    def _act(self, event: Event) -> None:
        match event:
            case IncomingInvite(leg=leg, request=request):
                self.invites.append(request)
                self.times.append(self.now)
                self.live.add(leg)
                self.ringing.add(leg)
                serial, number = int(request.headers.get(CORRELATION) or "0"), SipUri.parse(request.uri).user
                self.stories[leg] = Story(serial, number or "")
                self.habit(self, leg, request)
            case Reinvited(leg=leg):
                self.ua.answer_reinvite(leg, status=200, body=SDP, now=self.now)
            case Acknowledged(leg=leg) if self.stories[leg].acknowledged_at is None:
                self.stories[leg].acknowledged_at = self.now
            case Cancelled(leg=leg, reasons=reasons):
                self.ringing.discard(leg)
                self.stories[leg].ends(End.CANCELLED, self.now, reasons)
            case HungUp(leg=leg, reasons=reasons, method=method):
                self.ringing.discard(leg)
                self.stories[leg].ends(End.TOLD if method == "BYE" else End.GONE, self.now, reasons)
            case Failed(leg=leg):
                self.stories[leg].ends(End.GONE, self.now)
            case Released(leg=leg):
                self.ringing.discard(leg)
                self.live.discard(leg)
            case _:
                pass

    @property
    def dialled(self) -> list[str]:
        """The numbers, as this carrier was told them."""
        return [SipUri.parse(invite.uri).user or "" for invite in self.invites]


@dataclass
class Addresses:
    """`Targets` out of a table; what is not in it is an address itself."""

    network: Network
    names: dict[str, Sequence[Peer]] = field(default_factory=dict)
    late: float = 0.0
    """Seconds that a name takes to be found."""
    penalties: dict[Peer, float] = field(default_factory=dict)

    def find(self, uri: SipUri, then: Callable[[Sequence[Peer], str], None]) -> None:
        if uri.host in self.names:
            self.network.at(
                self.network.now + self.late, lambda: then(self._willing(self.names[uri.host]), "no address")
            )
        else:
            then(self._willing([Peer("udp", uri.host, uri.port or 5060)]), "left alone")

    def penalise(self, peer: Peer, *, until: float) -> None:
        self.penalties[peer] = until

    def _willing(self, peers: Sequence[Peer]) -> list[Peer]:
        return [peer for peer in peers if self.penalties.get(peer, 0.0) <= self.network.now]


class World:
    """Everything."""

    def __init__(
        self,
        *trunks: Trunk,
        fate: Fate = perfect,
        limits: Mapping[Timer, float] = LIMITS,
        names: Mapping[str, Sequence[Peer]] | None = None,
        start: bool = True,
        media: Media | None = None,
        refusal: int = FORBIDDEN,
        recorder: CallRecorder | None = None,
        draw: Draw = lambda _: 0,
    ) -> None:
        self.network = Network(fate)
        self.shell = EngineShell(self.network)
        self.clock = NetworkClock(self.network)
        self.journal = HeldJournal()
        self.log = NotedLog()
        self.faults: list[Exception] = []
        self.fault_of: list[tuple[int | None, Exception]] = []
        """The same, with the serial of the call that the log line names."""
        self.states: list[TrunkState] = []
        self.addresses = Addresses(self.network, dict(names or {}))
        self.capacity = Capacity({each.name: Limits(each.channels, each.calls_per_second) for each in trunks})
        routes = Routes(trunks)
        self.watch = TrunkWatch(
            shell=self.shell, routes=routes, targets=self.addresses, clock=self.clock, changed=self._changed
        )
        ways = Ways(
            routes=routes,
            targets=self.addresses,
            capacity=self.capacity,
            states=self.watch,
            draw=draw,
            now=self.shell.now,
        )
        self.engine = SipCallEngine(
            shell=self.shell,
            ways=ways,
            watch=self.watch,
            media=media or DirectMedia(address="127.0.0.1"),
            clock=self.clock,
            sink=lambda serial, signal: self.conductor.signal(serial, signal),  # noqa: PLW0108 - it comes next
            log=self,
            recorder=recorder,
            refusal=refusal,
        )
        self.conductor = Conductor(
            journal=self.journal, engine=self.engine, clock=self.clock, limits=limits, log=self.log
        )
        ways.tell_room(self.conductor.room)
        self.shell.heard = self.engine.heard
        if start:
            self.watch.start()

    def _changed(self, state: TrunkState) -> None:
        self.states.append(state)
        if state.is_up:
            self.conductor.ways_changed()

    def rejected_invite(self, source: str, target: str) -> None: ...

    def fault(self, serial: int | None, error: Exception) -> None:
        self.faults.append(error)
        self.fault_of.append((serial, error))

    def carrier(self, port: int, habit: Habit) -> Carrier:
        return Carrier(self.network, port, habit)

    def place(self, *, agent: str = "1001", customer: str = "2001", offset: int = 0, tenant_id: str = "t1") -> int:
        """A call from the store."""
        call = a_call(serial=SERIAL + offset, tenant_id=tenant_id, created_at=self.clock.now_ms())
        call = replace(call, agent=replace(call.agent, number=agent), customer=replace(call.customer, number=customer))
        self.journal.stored[call.serial] = call
        self.conductor.admit(call)
        return call.serial

    def run(self, seconds: float) -> None:
        self.network.run(seconds)

    def call(self, serial: int = SERIAL) -> Call:
        return self.journal.stored[serial]

    def is_clean(self) -> bool:
        """Whether nothing is left of any call, and nobody made a mistake."""
        used = sum(self.capacity.legs(name) for name in self.capacity._uses)
        return not (len(self.conductor) or used or len(self.engine._book) or self.faults or self.log.faults)


def trunk(name: str, port: int, **rest: object) -> Trunk:
    """A trunk to a carrier of this world."""
    return Trunk(name=name, uri=f"sip:127.0.0.1:{port}", **rest)  # type: ignore[arg-type]


def encoded(data: bytes) -> Request:
    """A request from its bytes."""
    message = parse_datagram(data)
    assert isinstance(message, Request)
    return message
