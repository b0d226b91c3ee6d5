"""Calls whose audio goes through relays, on one clock: the network of the phones in an event loop that tests drive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from domain.calls import SERIAL
from driven_loop import DrivenLoop
from fakes.log import NotedLog
from sip.network import Network, has_ended
from sip_engine.relays import Bend, FakeDaemon, FakeProxy, straight
from sip_engine.test_bad_network import LIMITS_OF_CALLS
from sip_engine.world import SDP, Carrier, World, trunk
from twoleg.adapters.media.direct import DirectMedia
from twoleg.adapters.media.places import House
from twoleg.adapters.media.rtpio.prompts import Prompts
from twoleg.adapters.media.selection import Choice, ChosenMedia
from twoleg.adapters.media.sounds import Sound, ringing_tone
from twoleg.adapters.media.supervision import Watchfulness
from twoleg.application.recording_book import Asked
from twoleg.application.recording_desk import RecordingCommands
from twoleg.domain.call import Call
from twoleg.domain.media import MediaMode
from twoleg.domain.recording import Command
from twoleg.sip.events import Event, LegId, ReinviteAnswered, Reinvited, ReinviteFailed
from twoleg.sip.message import Request
from twoleg.sip.uri import SipUri

OURS, CARRIER = "127.0.0.1", 5070
OTHER_CODEC = SDP.replace(b"RTP/AVP 8", b"RTP/AVP 0")
HOLD = SDP.replace(b"o=- 1 1", b"o=- 1 2") + b"a=sendonly\r\n"
MOVED = SDP.replace(b"audio 4000", b"audio 4002")
GREETING = Sound("greeting", 0.5, b"\xd5" * 4000, b"\xff" * 4000, repeats=False)
RINGING = ringing_tone("CN")


class QuietLoop(DrivenLoop):
    """Whatever would be done in another thread is done at once: the clock waits for no thread."""

    def __init__(self) -> None:
        super().__init__(0)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        assert executor is None
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # who awaits it is told
            done.set_exception(error)
        return done


class Pump:
    """Runs a network in the loop whose clock it shares: whenever it has something to do."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Handle | None = None
        self._is_stepping = False
        network.stirred = self._stirred
        self._stirred()

    def _stirred(self) -> None:
        if not self._is_stepping:
            self._arm(self._loop.call_soon(self._step))
            self._is_stepping = True

    def _step(self) -> None:
        self._is_stepping = True
        self._network.run(self._loop.time() - self._network.now)
        due = self._network.next()
        self._is_stepping = False
        if due is not None:
            self._arm(self._loop.call_at(due, self._step))

    def _arm(self, handle: asyncio.Handle) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = handle


class Talker(Carrier):
    """A carrier whose phones do all that concerns media; what one does depends on the last digit of its number."""

    def __init__(self, network: Network, port: int) -> None:
        super().__init__(network, port, lambda _, leg, request: self.picks_up(leg, request))
        self.refusing: set[LegId] = set()
        self.asking: set[LegId] = set()
        """Those that asked for an offer and owe the answer."""

    def picks_up(self, leg: LegId, request: Request) -> None:
        digit = int((SipUri.parse(request.uri).user or "0")[-1])
        if digit == 0:
            self.later(0.3, partial(self.refuse, leg, 486))
            return
        if digit == 3:
            self.ua.ring(leg, status=183, body=SDP, now=self.now)
        elif digit != 1:
            self.ua.ring(leg, now=self.now)
        if digit == 7:
            self.refusing.add(leg)
        if digit != 2:  # 2 rings for good
            self.later(digit / 4, partial(self._answer, leg, OTHER_CODEC if digit == 5 else SDP))
        if digit in (3, 5, 9):
            self.later(digit * 3, partial(self.hang_up_leg, leg))
        offers = {4: (HOLD, SDP), 6: (None, MOVED), 8: (MOVED, None)}
        for number, body in enumerate(offers.get(digit, ())):
            self.later(6 + 2 * number, partial(self._reoffer, leg, body))

    def _answer(self, leg: LegId, body: bytes) -> None:
        if leg in self.ringing:
            self.stories[leg].answered_at = self.now
            self.ua.accept(leg, body=body, now=self.now)

    def _reoffer(self, leg: LegId, body: bytes | None) -> None:
        if leg in self.live and self.stories[leg].acknowledged_at is not None:
            if body is None:
                self.asking.add(leg)
            self.ua.reinvite(leg, body=body, now=self.now)

    def _act(self, event: Event) -> None:
        match event:
            case Reinvited(leg=leg) if leg in self.refusing:
                self.ua.answer_reinvite(leg, status=488, now=self.now)
            case ReinviteAnswered(leg=leg) if leg in self.asking:
                self.asking.remove(leg)
                self.ua.ack(leg, body=SDP, now=self.now)
            case ReinviteFailed(leg=leg):
                self.asking.discard(leg)
            case _:
                super()._act(event)


@dataclass
class Desk:
    """Every third call is recorded."""

    folder: Path
    captured_calls: set[int] = field(default_factory=set)

    def is_wanted(self, serial: int) -> bool:
        return serial % 3 == 0

    def spool(self, serial: int) -> Path:
        assert serial > 0
        return self.folder

    def began(self, serial: int) -> None:
        assert serial > 0

    def failed(self, serial: int, why: str) -> None:
        assert why
        assert serial > 0

    def captured(self, serial: int) -> None:
        self.captured_calls.add(serial)


@dataclass
class Orders:
    """What is asked of recordings."""

    asked: list[Asked] = field(default_factory=list)

    def ask(self, serial: int, command: Command) -> None:
        self.asked.append(Asked(position=len(self.asked) + 1, serial=serial, command=command, at=0))

    def newest_position(self) -> int:
        return len(self.asked)

    def asked_after(self, position: int) -> list[Asked]:
        return self.asked[position:]


class Relayed:
    """A world whose calls go through relays by turns, and everything that may be left of one. Needs a QuietLoop."""

    def __init__(self, folder: Path, *, bend: Bend = straight) -> None:
        self.daemon, self.proxy = FakeDaemon(bend), FakeProxy(Prompts(folder), bend)
        self.log = NotedLog()
        self.media = ChosenMedia(
            choice=Choice(MediaMode.RTPENGINE, tenants={"embedded": MediaMode.RTPIO}),
            direct=DirectMedia(address=OURS),
            relays={MediaMode.RTPENGINE: (self.daemon.relay,), MediaMode.RTPIO: (self.proxy.relay,)},
            house=House(address=OURS, ringing=RINGING, greeting=GREETING, log=self.log),
            watchfulness=Watchfulness(look_every=5.0, silent_after=10.0),
            desk=Desk(folder),
            notes=lambda *_: None,
        )
        self.world = World(trunk("plain", CARRIER), limits=LIMITS_OF_CALLS, media=self.media)
        self.orders = Orders()
        self.commands = RecordingCommands(
            book=self.orders,  # type: ignore[arg-type]  # as much of it as is read
            recorder=self.media,
            tell=self.world.conductor.signal,
            is_living=self.world.conductor.__contains__,
            log=self.log,
        )
        self.carrier = Talker(self.world.network, CARRIER)
        self.loose: list[Exception] = []
        """What the loop was told of callbacks that raised; production logs it the same way."""
        asyncio.get_running_loop().set_exception_handler(self._told)
        self._pump = Pump(self.world.network)

    def _told(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.loose.append(context.get("exception") or RuntimeError(context["message"]))

    def place(self, calls: int, *, every: float = 0.1, step: int = 1) -> None:
        """Calls of every kind, one after the other; `every`: seconds between two."""
        network = self.world.network
        for number in range(calls):
            kind = number * step
            call = partial(
                self.world.place,
                offset=number,
                agent=f"10{1 + kind % 9}",
                customer=f"20{kind // 9 % 10}",
                tenant_id="embedded" if kind // 2 % 2 else "t1",
            )
            network.at(network.now + number * every, call)
            command = (Command.START, Command.PAUSE, Command.RESUME, Command.STOP)[number % 4]
            network.at(network.now + number * every + 5 + number % 4, partial(self._record, number, command))

    def _record(self, number: int, command: Command) -> None:
        self.orders.ask(SERIAL + number, command)
        self.commands.look()

    async def run(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def calls(self) -> list[Call]:
        return [self.world.journal.stored[serial] for serial in sorted(self.world.journal.stored)]

    def others(self) -> Callable[[], frozenset[int]]:
        """Who runs our code and is not the engine."""
        theirs = frozenset(id(each) for each in (self.carrier, self.carrier.ua, self.daemon, self.proxy))
        return lambda: theirs

    def faults(self) -> list[Exception]:
        """All of which there is a log line."""
        world = self.world
        media = [facts["exc_info"] for _, _, facts in self.log.lines if "exc_info" in facts]
        return [*world.faults, *[error for _, error in world.log.faults], *world.shell.faults, *self.loose, *media]

    def left(self) -> dict[str, object]:
        """Whatever is not free, by where it is; nothing when all calls are over."""
        world, capacity = self.world, self.world.capacity
        found: dict[str, object] = {
            "phones": self.carrier.live,
            "their user agent": [] if has_ended(self.carrier.ua) else [1],
            "our user agent": [] if has_ended(world.shell.ua) else [1],
            "trunks": {name: legs for name in capacity._uses if (legs := capacity.legs(name))},
            "conductor": len(world.conductor),
            "engine": (*world.engine._book._calls, *world.engine._book._owners),
            "records": [call.serial for call in self.calls() if call.ended_at is None],
            "rtpengine": self.daemon.calls,
            "rtp-io": self.proxy.calls,
            "paths": self.media._paths,
            "unfinished": self.media._unfinished,
            "tasks": asyncio.all_tasks() - {asyncio.current_task()},
        }
        return {where: what for where, what in found.items() if what}


@contextmanager
def relayed(folder: Path, *, bend: Bend = straight) -> Iterator[Relayed]:
    made = Relayed(folder, bend=bend)
    try:
        yield made
    finally:
        made.proxy.close()


def in_loop(story: Any) -> Any:
    """Run it on a loop of its own."""
    with asyncio.Runner(loop_factory=QuietLoop) as runner:
        return runner.run(story)
