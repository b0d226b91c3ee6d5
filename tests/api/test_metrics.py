"""`/metrics`: who may read it, and what Prometheus is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from api.asgi_client import exchange
from twoleg.api.http import HttpError
from twoleg.api.metrics import Metrics, metrics_routes
from twoleg.application.figures import Signs, StoreFigures
from twoleg.application.ports import TrunkState
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.world import World


TOKEN = "a-token-of-the-tests-that-is-long"
NOW = 1_621_823_865_000
SIGNS = Signs(mode="serving", silence=0.05, delay=0.002, calls_per_second=None)
FIGURES = StoreFigures(
    living={Phase.QUEUED: 3, Phase.TALKING: 1_234_567},
    oldest_queued_at=NOW - 1500,
    recently_ended={Reason.ENGINE_LOST: 2},
    overdue=1,
    legs_on_wire=4,
    open_deliveries=5,
    oldest_due_at=NOW + 60_000,
    disabled_endpoints=0,
)
_LINE = re.compile(r'^(?P<name>[a-z_]+)(?P<labels>\{[a-z]+="[A-Za-z0-9_-]+"\})? (?P<value>[0-9.]+)$')


class Standing:
    """Everything that is asked, standing still."""

    def __init__(self, signs: Signs = SIGNS) -> None:
        self._signs = signs

    def read(self, *, now: int) -> StoreFigures:
        assert now == NOW
        return FIGURES

    def states(self) -> Sequence[TrunkState]:
        return [TrunkState(name="carrier", is_up=False, why="no answer", changed_at=NOW)]

    def put(self, state: TrunkState) -> None: ...

    def clear(self) -> None: ...

    def now_ms(self) -> int:
        return NOW

    def __call__(self) -> Signs:
        return self._signs


async def told(signs: Signs = SIGNS) -> dict[str, str]:
    standing = Standing(signs)
    metrics = Metrics(token=TOKEN, figures=standing, trunks=standing, signs=standing, clock=standing)  # type: ignore[arg-type]  # no timers
    answer = await metrics([(b"authorization", b"Bearer " + TOKEN.encode())], b"")
    assert answer.content_type == b"text/plain; version=0.0.4; charset=utf-8"
    *lines, last = answer.body.decode().split("\n")
    assert last == "", "the last line ends, too"
    samples = [line for line in lines if not line.startswith("#")]
    assert all(_LINE.match(line) for line in samples), samples
    names = [line.split(" ")[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)), "each is told once"
    assert {re.split(r"[{ ]", line)[0] for line in samples} == set(names)
    return dict(line.rsplit(" ", 1) for line in samples)


@pytest.mark.asyncio
async def test_figures_are_told_exactly() -> None:
    found = await told()

    assert found['twoleg_calls{phase="queued"}'] == "3"
    assert found['twoleg_calls{phase="talking"}'] == "1234567"
    assert found['twoleg_calls{phase="calling_agent"}'] == "0"
    assert found["twoleg_queue_oldest_seconds"] == "1.500"
    assert found['twoleg_calls_ended_recently{reason="1003"}'] == "2"
    assert found["twoleg_overdue_calls"] == "1"
    assert found["twoleg_webhook_lateness_seconds"] == "0", "what is due later is not late"
    assert found['twoleg_trunk_up{trunk="carrier"}'] == "0"
    assert found["twoleg_engine_up"] == "1"
    assert found['twoleg_mode{mode="serving"}'] == "1"
    assert "twoleg_admitted_calls_per_second" not in found


@pytest.mark.parametrize("silence", [None, 5.1])
@pytest.mark.asyncio
async def test_an_engine_without_a_sign_of_life_is_down(silence: float | None) -> None:
    found = await told(Signs(mode="stopping", silence=silence, delay=0.0, calls_per_second=20.0))

    assert found["twoleg_engine_up"] == "0"
    assert ("twoleg_engine_silence_seconds" in found) == (silence is not None)
    assert found["twoleg_admitted_calls_per_second"] == "20"


@pytest.mark.parametrize("shown", [b"", b"Bearer ", b"Bearer " + TOKEN.encode()[:-1], b"Basic " + TOKEN.encode()])
@pytest.mark.asyncio
async def test_strangers_are_told_nothing(shown: bytes) -> None:
    standing = Standing()
    metrics = Metrics(token=TOKEN, figures=standing, trunks=standing, signs=standing, clock=standing)  # type: ignore[arg-type]  # no timers
    with pytest.raises(HttpError) as refused:
        await metrics([(b"authorization", shown)] if shown else [], b"")
    assert refused.value.status == 401
    assert TOKEN not in repr(metrics)


def test_without_a_token_there_is_no_such_path(world: World) -> None:
    assert metrics_routes(None) == {}
    assert exchange(world.app, "GET", "/metrics").status == 404
