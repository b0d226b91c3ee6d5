"""Calls of every kind, one after the other, on a network without faults; and what may be left of them afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sip.network import has_ended
from sip_engine.test_bad_network import LIMITS_OF_CALLS, mixed
from sip_engine.world import Carrier, World, refuses, trunk
from twoleg.adapters.wire_recorder import RecorderLimits, WireRecorder
from twoleg.application.ladder.keeping import Keeping
from twoleg.application.media import Media
from twoleg.domain.call import Call
from twoleg.domain.trunk import Trunk
from twoleg.sip.events import LegId
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri

CARRIER, TIRED, STRICT, GONE, NOBODY = 5070, 5071, 5072, 5073, 5079
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="strict", nonce="n1", qop="auth", algorithm=MD5')
KINDS = "2222223456"
"""The first digit of the customer's number: by a plain trunk, by one that is tired and then by another, by one whose
first address is silent, by one that asks who we are, and by one that sends us elsewhere."""


def strict(carrier: Carrier, leg: LegId, request: Request) -> None:
    """Whoever says who it is gets through."""
    if request.headers.get("Proxy-Authorization") is None:
        refuses(407, CHALLENGE)(carrier, leg, request)
    else:
        mixed(carrier, leg, request)


def gone(carrier: Carrier, leg: LegId, request: Request) -> None:
    """It is elsewhere now."""
    user = SipUri.parse(request.uri).user
    refuses(302, ("Contact", f"<sip:{user}@127.0.0.1:{CARRIER}>"))(carrier, leg, request)


class Crowd:
    """A world with its carriers."""

    def __init__(self, *, media: Media | None = None) -> None:
        silent = [Peer("udp", "127.0.0.1", NOBODY), Peer("udp", "127.0.0.1", CARRIER)]
        self.kept = 0
        self.recorder = WireRecorder(
            limits=RecorderLimits(), keeping=Keeping(), now=lambda: self.world.clock.now_ms() * 1000, keep=self._keep
        )
        self.world = World(
            trunk("plain", CARRIER),
            trunk("tired", TIRED, prefixes=("3",)),
            trunk("after it", CARRIER, prefixes=("3",), priority=1),
            Trunk(name="named", uri="sip:carrier.example", prefixes=("4",)),
            trunk("strict", STRICT, prefixes=("5",), username="me", password="secret"),
            trunk("gone", GONE, prefixes=("6",)),
            limits=LIMITS_OF_CALLS,
            names={"carrier.example": silent},
            media=media,
            recorder=self.recorder,
        )
        self.world.addresses.late = 0.02
        self.world.network.tap = self._tap
        habits = {CARRIER: mixed, TIRED: refuses(503), STRICT: strict, GONE: gone}
        self.carriers = [self.world.carrier(port, habit) for port, habit in habits.items()]

    def place(self, calls: int, *, every: float = 0.1) -> None:
        """They come one after the other; `every`: seconds between two."""
        for number in range(calls):
            self._place_at(number * every, number)

    def play(self, first: int, calls: int) -> None:
        """Calls from the start of the first to the last word of the last; then the world's own notes are torn up."""
        network = self.world.network
        for nth in range(calls):
            number = first + nth
            network.at(network.now + nth / 10, partial(self._place_at, 0, number * 9 + number % 9))
        self.world.run(calls / 10 + 250)
        for carrier in self.carriers:
            carrier.hang_up()
        self.world.run(100)
        assert len(self.world.journal.stored) == calls
        for carrier in self.carriers:
            carrier.invites.clear()
            carrier.times.clear()
            carrier.stories.clear()
        self.world.journal.stored.clear()
        self.world.journal.written.clear()

    def place_samples(self) -> None:
        """A hundred calls of every kind: all habits of agents, of customers and of trunks."""
        for number in range(100):
            self._place_at(number / 10, number * 9 + number % 9)

    def _place_at(self, seconds: float, number: int) -> None:
        """Nine habits of agents, for each ten of customers, for each ten trunks."""
        network, customer = self.world.network, f"{KINDS[number // 90 % 10]}0{number // 9 % 10}"
        call = partial(self.world.place, offset=number, agent=f"10{1 + number % 9}", customer=customer)
        network.at(network.now + seconds, call)

    def _keep(self, _call: Call, _notes: object) -> None:
        self.kept += 1

    def _tap(self, data: bytes, source: Peer, target: Peer) -> None:
        ours = self.world.shell.address
        if source == ours:
            self.recorder.sent(data, target)
        elif target == ours:
            self.recorder.heard(data, source)

    def others(self) -> Callable[[], frozenset[int]]:
        """Who runs our code and is not the engine."""
        theirs = frozenset(id(each) for carrier in self.carriers for each in (carrier, carrier.ua))
        return lambda: theirs

    def left(self) -> dict[str, object]:
        """Whatever is not free, by where it is; nothing when all calls are over."""
        world, capacity = self.world, self.world.capacity
        found: dict[str, object] = {
            "phones": [leg for carrier in self.carriers for leg in carrier.live],
            "their user agents": [carrier.address.port for carrier in self.carriers if not has_ended(carrier.ua)],
            "our user agent": [] if has_ended(world.shell.ua) else [len(world.shell.ua._core.transactions)],
            "trunks": {name: legs for name in capacity._uses if (legs := capacity.legs(name))},
            "conductor": len(world.conductor),
            "engine": (*world.engine._book._calls, *world.engine._book._owners),
            "records": [
                call.serial for call in world.journal.stored.values() if call.ended_at is None or _is_live(call)
            ],
            "ladders": (self.recorder.calls or self.recorder.size or len(self.recorder._owners)),
        }
        return {where: what for where, what in found.items() if what}


def _is_live(call: Call) -> bool:
    return call.agent.is_live or call.customer.is_live
