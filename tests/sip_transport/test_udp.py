"""The UDP shell over real sockets: what reaches the core, the wire and the owner, on a clock that the test turns."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from driven_loop import drive
from patience import eventually_async
from sip_transport.cores import LOOPBACK, PeerSocket, RememberingLog, ScriptedCore, dead_peer, told
from twoleg.sip.events import Event, Failed, FailureOrigin, Fault, Malformed, Stray
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip_transport.driver import Driver
from twoleg.sip_transport.shell import Counters, Shell
from twoleg.sip_transport.sockets import bind_udp
from twoleg.sip_transport.udp import UdpShell

NOBODY = Peer("udp", "192.0.2.1", 5060)


@dataclass(slots=True)
class Stage:
    shell: UdpShell[ScriptedCore]
    core: ScriptedCore
    log: RememberingLog
    events: list[Event] = field(default_factory=list)
    other: PeerSocket = field(default_factory=PeerSocket)


@asynccontextmanager
async def stage(
    *,
    bound: socket.socket | None = None,
    host: str = LOOPBACK,
    on_event: Callable[[Stage, Event], None] = lambda stage, event: None,  # noqa: ARG005
) -> AsyncIterator[Stage]:
    core, log = ScriptedCore(), RememberingLog()
    shell = UdpShell(core, socket=bound or bind_udp(host, 0), log=log)
    here = Stage(shell, core, log, other=PeerSocket(host))

    def owner(event: Event) -> None:
        here.events.append(event)
        on_event(here, event)

    escaped: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: escaped.append(context))
    shell.start(owner)
    try:
        yield here
    finally:
        shell.close()
        here.other.close()
    assert escaped == []


async def until(holds: Callable[[], object]) -> None:
    assert await eventually_async(lambda: bool(holds()))


def test_every_datagram_reaches_the_core_with_its_source_and_the_time() -> None:
    async def story() -> None:
        async with stage() as here:
            await asyncio.sleep(5)
            here.other.send(b"INVITE", here.shell.local)
            here.other.send(b"CANCEL", here.shell.local)
            await until(lambda: len(here.core.heard) == 2)
            (first, source, now), (second, _, _) = here.core.heard
            assert (first, second, source) == (b"INVITE", b"CANCEL", here.other.peer)
            assert 1005 <= now <= here.shell.now()
            assert here.shell.counters.received == 2

    drive(story())


def test_answers_leave_in_order_in_the_same_turn() -> None:
    async def story() -> None:
        async with stage() as here:

            def answer(data: bytes, source: Peer) -> None:
                here.core.output += [Transmit(data + b" 100", source), Transmit(data + b" 180", source)]

            here.core.on_receive = answer
            here.other.send(b"INVITE", here.shell.local)
            assert [await here.other.receive(), await here.other.receive()] == [b"INVITE 100", b"INVITE 180"]
            assert here.shell.counters.sent == 2

    drive(story())


def test_several_datagrams_share_one_flush() -> None:
    async def story() -> None:
        async with stage() as here:
            await asyncio.sleep(1)
            before = here.core.flushes
            for _ in range(10):
                here.other.send(b"INVITE", here.shell.local)
            await until(lambda: len(here.core.heard) == 10)
            assert here.core.flushes - before < 10

    drive(story())


def test_a_flood_leaves_the_rest_of_the_loop_its_turn() -> None:
    async def story() -> None:
        async with stage() as here:
            heard_at_the_turn: list[int] = []

            def at_the_first(_data: bytes, _source: Peer) -> None:
                if len(here.core.heard) == 1:
                    loop.call_soon(lambda: heard_at_the_turn.append(len(here.core.heard)))

            loop = asyncio.get_running_loop()
            here.core.on_receive = at_the_first
            for _ in range(100):
                here.other.send(b"INVITE", here.shell.local)
            await until(lambda: len(here.core.heard) == 100)
            assert heard_at_the_turn[0] < 50

    drive(story())


def test_what_the_owner_says_inside_its_callback_is_sent_without_a_wake() -> None:
    def owner(here: Stage, event: Event) -> None:
        if event == told("first"):
            here.core.output.append(Transmit(b"180", here.other.peer))
            here.core.events.append(told("second"))

    async def story() -> None:
        async with stage(on_event=owner) as here:
            here.core.on_receive = lambda _data, _source: here.core.events.append(told("first"))
            here.other.send(b"INVITE", here.shell.local)
            assert await here.other.receive() == b"180"
            assert here.events == [told("first"), told("second")]

    drive(story())


def test_wake_sends_what_was_said_outside_and_many_wakes_are_one() -> None:
    async def story() -> None:
        async with stage() as here:
            await asyncio.sleep(1)
            before = here.core.flushes
            here.core.output.append(Transmit(b"BYE", here.other.peer))
            for _ in range(5):
                here.shell.wake()
            assert await here.other.receive() == b"BYE"
            assert here.core.flushes == before + 1

    drive(story())


def test_nothing_is_sent_or_told_before_start() -> None:
    async def story() -> None:
        core, events = ScriptedCore(events=[told(1)]), list[Event]()
        with PeerSocket() as other:
            core.output.append(Transmit(b"INVITE", other.peer))
            shell = UdpShell(core, socket=bind_udp(LOOPBACK, 0), log=RememberingLog())
            shell.wake()
            await asyncio.sleep(1)
            assert core.output
            assert not events
            shell.start(events.append)
            assert await other.receive() == b"INVITE"
            assert events == [told(1)]
            shell.close()

    drive(story())


def test_timers_fire_when_they_are_due_and_not_before() -> None:
    async def story() -> None:
        async with stage() as here:
            here.core.deadlines = [1010.0, 1020.0]
            here.shell.wake()
            await asyncio.sleep(30)
            assert here.core.fired == pytest.approx([1010.0, 1020.0], abs=0.01)
            assert here.core.fired[0] >= 1010.0

    drive(story())


def test_an_earlier_deadline_overtakes_the_armed_one() -> None:
    async def story() -> None:
        async with stage() as here:
            here.core.deadlines = [1020.0]
            here.shell.wake()
            await asyncio.sleep(1)
            here.core.deadlines = [1005.0, 1020.0]
            here.shell.wake()
            await asyncio.sleep(30)
            assert here.core.fired == pytest.approx([1005.0, 1020.0], abs=0.01)

    drive(story())


def test_a_deadline_put_off_is_met_when_it_is_due() -> None:
    async def story() -> None:
        async with stage() as here:
            here.core.deadlines = [1005.0]
            here.shell.wake()
            await asyncio.sleep(1)
            here.core.deadlines = [1010.0]
            here.shell.wake()
            await asyncio.sleep(30)
            assert here.core.fired[-1] == pytest.approx(1010.0, abs=0.01)

    drive(story())


async def _deadlines_in_the_past_are_met_at_once() -> None:
    """On uvloop the timer for such a deadline is none, but a handle that is about to run."""
    core, counters = ScriptedCore(), Counters()
    driver = Driver(core, send=lambda _: None, log=RememberingLog(), counters=counters)
    driver.start(lambda _: None)
    core.deadlines = [driver.now() - 0.001]
    driver.flush()
    core.deadlines.append(driver.now() - 0.002)
    driver.flush()
    await until(lambda: core.fired)
    assert core.deadlines == []


@pytest.mark.parametrize("run", [drive, asyncio.run, uvloop.run], ids=["driven", "asyncio", "uvloop"])
def test_deadlines_in_the_past_are_met_at_once(run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    run(_deadlines_in_the_past_are_met_at_once())


def test_an_owner_that_raises_is_logged_and_hears_the_next_event() -> None:
    def owner(_here: Stage, event: Event) -> None:
        if event == told(1):
            raise ZeroDivisionError

    async def story() -> None:
        async with stage(on_event=owner) as here:
            here.core.events += [told(1), told(2)]
            here.shell.wake()
            await asyncio.sleep(1)
            assert here.events == [told(1), told(2)]
            assert here.shell.counters.owner_faults == 1
            [line] = here.log.of("sip_event_owner_failed")
            assert isinstance(line["exc_info"], ZeroDivisionError)

    drive(story())


def test_an_owner_that_never_ends_does_not_stop_the_loop() -> None:
    def owner(here: Stage, event: Event) -> None:
        here.core.events.append(event)

    async def story() -> None:
        async with stage(on_event=owner) as here:
            here.core.events.append(told(1))
            here.shell.wake()
            await asyncio.sleep(0.001)
            assert len(here.events) > 1

    # This test's clock never jumps, for the loop is never quiet.
    asyncio.run(story())


def test_malformed_bytes_are_counted_and_logged_once_per_source() -> None:
    async def story() -> None:
        async with stage() as here:
            another = Peer("udp", "192.0.2.2", 5060)
            here.core.events += [Malformed(NOBODY, "not SIP"), Malformed(NOBODY, "no Via"), Malformed(another, "no To")]
            here.shell.wake()
            await asyncio.sleep(1)
            assert here.shell.counters.malformed == 3
            assert [line["source"] for line in here.log.of("sip_malformed")] == ["192.0.2.1:5060", "192.0.2.2:5060"]

    drive(story())


def test_strays_are_counted_and_faults_of_the_core_logged() -> None:
    async def story() -> None:
        async with stage() as here:
            failed = Failed(1, None, "", (), (), FailureOrigin.INTERNAL, fault=KeyError("leg"))
            remote = Failed(2, 486, "Busy Here", (), (), FailureOrigin.REMOTE)
            here.core.events += [Stray(NOBODY, "no dialog"), Fault(None, ValueError("timer")), failed, remote]
            here.shell.wake()
            await asyncio.sleep(1)
            assert here.shell.counters.stray == 1
            assert here.shell.counters.core_faults == 2
            assert len(here.log.of("sip_core_failed")) == 2
            assert len(here.events) == 4

    drive(story())


@pytest.mark.parametrize("keep_alive", [b"", b"\r\n", b"\r\n\r\n", b"\0"])
def test_keep_alives_are_no_messages(keep_alive: bytes) -> None:
    async def story() -> None:
        async with stage() as here:
            here.other.send(keep_alive, here.shell.local)
            here.other.send(b"OPTIONS", here.shell.local)
            await until(lambda: here.core.heard)
            assert [data for data, _, _ in here.core.heard] == [b"OPTIONS"]
            assert here.shell.counters.keep_alives == 1

    drive(story())


async def _a_dead_peer_is_noticed() -> None:
    """ICMP port unreachable, several at once and again later; hearing and sending go on."""
    async with stage() as here:
        gone, there = dead_peer(), here.other.peer
        for lost in (1, 2, 1):
            here.core.failed.clear()
            here.core.output += [Transmit(b"INVITE", there), *[Transmit(b"INVITE", gone)] * lost]
            here.shell.wake()
            assert await here.other.receive() == b"INVITE"
            await until(lambda: here.core.failed)
            assert set(here.core.failed) == {gone}
            here.core.heard.clear()
            here.other.send(b"100", here.shell.local)
            await until(lambda: here.core.heard)
        assert here.shell.counters.unreachable >= 3
        [line] = here.log.of("sip_peer_unreachable")
        assert line["peer"] == gone.host_port


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_peer_that_refuses_datagrams_is_noticed_and_the_shell_lives_on(
    run: Callable[[Coroutine[Any, Any, None]], None],
) -> None:
    run(_a_dead_peer_is_noticed())


@pytest.mark.parametrize(
    "peer",
    [Peer("udp", "sip.example.com", 5060), Peer("udp", "::1", 5060), Peer("udp", LOOPBACK, 0), Peer("udp", "", 5060)],
)
def test_what_is_no_address_of_the_socket_is_never_looked_up(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with stage() as here:
            monkeypatch.setattr(socket, "getaddrinfo", None)
            here.core.output.append(Transmit(b"INVITE", peer))
            here.shell.wake()
            await until(lambda: here.core.failed)
            assert here.core.failed == [peer]
            assert here.shell.counters.unsent == 1
            assert here.shell.counters.sent == 0

    drive(story())


class _NarrowSocket(socket.socket):
    """Has no room for the first few messages."""

    refusals = 3
    error: OSError = BlockingIOError()

    def sendto(self, *arguments: Any) -> int:
        if self.refusals:
            self.refusals -= 1
            raise self.error
        return super().sendto(*arguments)


def narrow_socket(error: OSError, *, refusals: int) -> socket.socket:
    bound = _NarrowSocket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.error, bound.refusals = error, refusals
    bound.bind((LOOPBACK, 0))
    return bound


def test_messages_wait_for_room_and_leave_in_order() -> None:
    async def story() -> None:
        async with stage(bound=narrow_socket(BlockingIOError(), refusals=3)) as here:
            here.core.output += [Transmit(b"1", here.other.peer), Transmit(b"2", here.other.peer)]
            here.shell.wake()
            await asyncio.sleep(0)
            here.core.output += [Transmit(b"3", here.other.peer)]
            here.shell.wake()
            assert [await here.other.receive() for _ in range(3)] == [b"1", b"2", b"3"]
            assert here.shell.counters.sent == 3
            assert here.shell.counters.unsent == 0
            here.other.send(b"200", here.shell.local)
            await until(lambda: here.core.heard)

    drive(story())


def test_the_wait_for_room_is_bounded() -> None:
    async def story() -> None:
        async with stage(bound=narrow_socket(BlockingIOError(), refusals=1_000_000)) as here:
            here.core.output += [Transmit(b"x", here.other.peer)] * 5000
            here.shell.wake()
            await until(lambda: here.shell.counters.unsent)
            assert here.shell.counters.unsent == 5000 - 4096

    asyncio.run(story())  # the socket is always ready to write, so that the clock would never jump


def test_a_message_too_large_says_nothing_about_its_peer() -> None:
    async def story() -> None:
        async with stage() as here:
            here.core.output += [Transmit(b"x" * 70_000, here.other.peer), Transmit(b"small", here.other.peer)]
            here.shell.wake()
            assert await here.other.receive() == b"small"
            assert here.shell.counters.unsent == 1
            assert here.core.failed == []

    drive(story())


def test_the_late_news_of_another_datagram_does_not_cost_this_one() -> None:
    async def story() -> None:
        async with stage(bound=narrow_socket(ConnectionRefusedError(111, "refused"), refusals=1)) as here:
            here.core.output.append(Transmit(b"INVITE", here.other.peer))
            here.shell.wake()
            assert await here.other.receive() == b"INVITE"
            assert here.core.failed == []

    drive(story())


def test_a_peer_that_the_kernel_refuses_for_good_has_failed() -> None:
    async def story() -> None:
        async with stage(bound=narrow_socket(OSError(101, "Network is unreachable"), refusals=1000)) as here:
            here.core.output.append(Transmit(b"INVITE", here.other.peer))
            here.shell.wake()
            await until(lambda: here.core.failed)
            assert here.core.failed == [here.other.peer]

    drive(story())


def test_close_sends_what_waits_and_is_harmless_again() -> None:
    async def story() -> None:
        async with stage() as here:
            here.core.output.append(Transmit(b"BYE", here.other.peer))
            here.core.deadlines = [1001.0]
            here.shell.close()
            here.shell.close()
            here.shell.wake()
            assert await here.other.receive() == b"BYE"
            await asyncio.sleep(5)
            assert here.core.fired == []

    drive(story())


def test_an_owner_may_close_the_shell_in_its_callback() -> None:
    def owner(here: Stage, _event: Event) -> None:
        here.shell.close()

    async def story() -> None:
        async with stage(on_event=owner) as here:
            here.core.on_receive = lambda _data, _source: here.core.events.append(told(1))
            here.other.send(b"1", here.shell.local)
            await asyncio.sleep(1)
            assert here.events == [told(1)]

    drive(story())


def test_ipv6_peers_are_spoken_to_by_address() -> None:
    async def story() -> None:
        async with stage(host="::1") as here:
            here.core.on_receive = lambda data, source: here.core.output.append(Transmit(data, source))
            here.other.send(b"OPTIONS", here.shell.local)
            assert await here.other.receive() == b"OPTIONS"
            assert here.core.heard[0][1] == here.other.peer
            gone = Peer("udp", "::1", here.other.peer.port)
            here.other.close()
            here.core.output.append(Transmit(b"BYE", gone))
            here.shell.wake()
            await until(lambda: here.core.failed)
            assert here.core.failed == [gone]

    drive(story())


def test_a_udp_shell_is_a_shell() -> None:
    async def story() -> None:
        async with stage() as here:
            shell: Shell[ScriptedCore] = here.shell
            assert shell.agent is here.core
            assert shell.local.host == LOOPBACK

    drive(story())
