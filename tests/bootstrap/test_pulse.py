"""What the engine measures of itself, and what the API processes are told of it."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import pytest

from domain.calls import SERIAL, T0, a_call
from fakes.clock import DrivenClock
from fakes.engine import NotingEngine
from fakes.log import NotedLog
from patience import eventually
from twoleg.adapters.service_page import SharedPage
from twoleg.adapters.system import SystemClock
from twoleg.application.overload import OverloadControl, Tuning
from twoleg.application.ports import Full
from twoleg.application.stopwatch import Stopwatch
from twoleg.bootstrap.heart import Pulse
from twoleg.domain.call import Call, Role
from twoleg.domain.effects import Dial
from twoleg.domain.values import replace
from twoleg.sip_transport.queue_age import queue_age

if TYPE_CHECKING:
    from collections.abc import Iterator


NO_SUCH_DESCRIPTOR = 1_000_000


@pytest.fixture
def page() -> Iterator[SharedPage]:
    made = SharedPage.make(time.monotonic)  # noqa: TID251 - as the processes of a service do
    yield made
    made.close()


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        yield made


def call_of(number: int, *, created_at: int, started_at: int | None = None) -> Call:
    return replace(a_call(serial=SERIAL + number), created_at=created_at, started_at=started_at)


def test_the_time_from_the_row_to_the_look_and_from_there_to_the_dial_is_taken() -> None:
    clock = DrivenClock(start_ms=T0)
    watch = Stopwatch(NotingEngine(), clock)
    clock.advance(0.3)
    watch.reserve(call_of(1, created_at=T0 + 100))
    assert watch.take() == (0.2, 0)
    clock.advance(0.7)
    watch.perform(call_of(1, created_at=T0 + 100, started_at=T0 + 300), Dial(Role.AGENT))
    watch.perform(call_of(1, created_at=T0 + 100, started_at=T0 + 300), Dial(Role.CUSTOMER))
    assert watch.take() == (0.7, 1)
    assert watch.take() == (0.0, 0)


def test_waiting_for_a_trunks_room_or_for_an_engine_at_all_does_not_count() -> None:
    clock, door = DrivenClock(start_ms=T0), NotingEngine()
    watch = Stopwatch(door, clock)
    watch.reserve(call_of(1, created_at=T0 - 50_000))
    assert watch.take() == (0.0, 0), "placed before this engine was there"

    door.refusal = Full(frozenset({"carrier"}))
    watch.reserve(call_of(2, created_at=T0))
    for _ in range(3):
        clock.advance(5)
        watch.reserve(call_of(2, created_at=T0))
    door.refusal = None
    watch.reserve(call_of(2, created_at=T0))
    assert watch.take() == (0.0, 0)


def test_what_lies_unread_in_a_socket_is_as_old_as_what_was_read_last(bound: socket.socket) -> None:
    clock = SystemClock()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        assert queue_age(bound.fileno(), clock.now_us()) == 0.0, "this switches the stamps on"
        peer.sendto(b"first", bound.getsockname())
        peer.sendto(b"second", bound.getsockname())
        bound.settimeout(10)
        assert bound.recv(100) == b"first"
        assert eventually(lambda: queue_age(bound.fileno(), clock.now_us()) > 0.05)
        assert queue_age(bound.fileno(), clock.now_us()) < 60
        assert bound.recv(100) == b"second"
        assert queue_age(bound.fileno(), clock.now_us()) == 0.0, "nothing waits, however long ago the last one came"
    assert queue_age(NO_SUCH_DESCRIPTOR, clock.now_us()) == 0.0


def test_an_engine_that_stays_late_limits_new_calls_and_says_so_once(page: SharedPage, bound: socket.socket) -> None:
    log = NotedLog()
    control = OverloadControl(Tuning(patience=0.0, pause=0.0))
    watch = Stopwatch(NotingEngine(), SystemClock())
    pulse = Pulse(page, control=control, stopwatch=watch, sockets=[bound.fileno()], log=log)  # type: ignore[arg-type]
    pulse.measure(lag=0.01)
    assert page.calls_per_second is None
    for number in range(100):
        watch.perform(call_of(number, created_at=T0), Dial(Role.AGENT))
    pulse.measure(lag=0.3)
    assert page.calls_per_second == pytest.approx(70)
    assert page.delay == pytest.approx(0.3)
    pulse.measure(lag=0.31)
    assert log.events("warning") == ["new calls are limited: the engine is late"]


def test_a_loop_that_is_kept_busy_is_late(page: SharedPage) -> None:
    async def busy() -> float:
        pulse = Pulse(
            page,
            control=OverloadControl(Tuning()),
            stopwatch=Stopwatch(NotingEngine(), SystemClock()),
            sockets=[],
            log=NotedLog(),  # type: ignore[arg-type]
        )
        task = asyncio.create_task(pulse.run())
        await asyncio.sleep(0)
        time.sleep(0.4)  # noqa: TID251, ASYNC251 - keeps the loop busy, which is the point
        while page.delay == 0.0:  # noqa: ASYNC110 - the very turn of the loop is what is waited for
            await asyncio.sleep(0)
        task.cancel()
        return page.delay

    assert asyncio.run(busy()) >= 0.25
