"""From the wish to stop to the stop: when the calls are given up, and who may hurry whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from fakes.log import NotedLog
from patience import eventually_async, now
from twoleg.adapters.service_page import Mode, SharedPage
from twoleg.bootstrap.stopping import LAST_ANSWERS, Stopping

PATIENCE = 30.0


class Service:
    """What stops: an engine of as many calls, and how often it was told to."""

    def __init__(self) -> None:
        self.page = SharedPage.make(time.monotonic)  # noqa: TID251 - as the processes of a service do
        self.stops = 0

    def engine(self, *, living: int) -> None:
        self.page.beat(living=living, heeded=self.page.mode)

    def stop(self) -> None:
        self.stops += 1

    def stopping(self, *, drain: float = PATIENCE, hand_over: float = PATIENCE) -> Stopping:
        return Stopping(self.page, drain=drain, hand_over=hand_over, stop=self.stop, log=NotedLog())  # type: ignore[arg-type]

    async def stopped(self) -> bool:
        return await eventually_async(lambda: self.stops > 0)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.page.close()


def run(part: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await part()

    asyncio.run(whole())


def test_it_stops_once_the_engine_has_heeded_and_no_call_lives(service: Service) -> None:
    async def part() -> None:
        service.engine(living=0)
        service.stopping().signalled()
        assert service.page.mode is Mode.STOPPING
        await asyncio.sleep(0.2)
        assert service.stops == 0, "what the engine said before it heeded counts for nothing"
        service.engine(living=2)
        await asyncio.sleep(0.2)
        assert service.stops == 0
        service.engine(living=0)
        assert await service.stopped()

    run(part)


def test_calls_are_given_up_at_the_limit_even_if_the_engine_is_mute(service: Service) -> None:
    async def part() -> None:
        service.engine(living=3)
        began = now()
        service.stopping(drain=0.3).signalled()
        assert await service.stopped()
        assert now() - began >= 0.3

    run(part)


def test_a_service_whose_engine_never_came_up_waits_for_nothing(service: Service) -> None:
    async def part() -> None:
        service.stopping().signalled()
        assert await service.stopped()

    run(part)


def test_a_second_signal_gives_the_calls_up_and_a_third_kills(service: Service) -> None:
    async def part() -> None:
        service.engine(living=3)
        stopping = service.stopping()
        stopping.signalled()
        stopping.signalled()
        assert await service.stopped()
        stopping.signalled()
        assert service.stops == 2

    run(part)


def test_a_hand_over_leaves_time_for_the_last_answers(service: Service) -> None:
    async def part() -> None:
        service.engine(living=0)
        began = now()
        service.stopping().begin(Mode.HANDING_OVER)
        service.engine(living=0)
        assert await service.stopped()
        assert now() - began >= LAST_ANSWERS

    run(part)


def test_a_stop_under_way_becomes_a_hand_over_and_its_time_no_longer(service: Service) -> None:
    async def part() -> None:
        service.engine(living=1)
        stopping = service.stopping(drain=5, hand_over=60)
        stopping.begin(Mode.STOPPING)
        stopping.begin(Mode.HANDING_OVER)
        assert service.page.mode is Mode.HANDING_OVER
        assert service.page.seconds_left <= 5
        stopping.begin(Mode.STOPPING)
        assert service.page.mode is Mode.HANDING_OVER, "somebody follows: nobody is refused for a second wish to stop"
        stopping.signalled()
        assert await service.stopped()

    run(part)
