"""`GET /metrics`: the service's figures for those who watch it, as Prometheus' text format 0.0.4 has them.

All of them are read at the moment of the question, from the store and from what the engine shows, so each API process
says the same. Nothing in them names a tenant, a number or a call.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, Handler, HttpError, one_header
from twoleg.application.figures import FigureBook, SignReader, Signs, StoreFigures
from twoleg.application.ports import Clock, TrunkBoard, TrunkState
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_SILENT = 5.0
"""Seconds without a sign of life after which an engine counts as down, as for /readyz."""
_REALM = ((b"www-authenticate", b'Bearer realm="metrics"'),)
_MODES = ("serving", "stopping", "handing_over")

Labels = Mapping[str, str]
Sample = tuple[Labels, float]
_NONE: Labels = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What answers. One for each process."""

    token: str = field(repr=False)
    """What whoever asks must show as a bearer token."""
    figures: FigureBook
    trunks: TrunkBoard
    signs: SignReader
    clock: Clock
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="metrics"))

    async def __call__(self, headers: Headers, _body: bytes) -> Answer:
        """Answer one request. Raises `HttpError` (401) for strangers, `StoreUnavailable`."""
        given = one_header(headers, b"authorization") or b""
        if not hmac.compare_digest(given, b"Bearer " + self.token.encode()):
            raise HttpError(401, "the figures are for whoever has the metrics token", headers=_REALM)
        now = self.clock.now_ms()
        read = asyncio.get_running_loop().run_in_executor
        figures = await read(self.threads, lambda: self.figures.read(now=now))
        trunks = await read(self.threads, self.trunks.states)
        return Answer("".join(_document(figures, trunks, self.signs(), now)).encode(), content_type=CONTENT_TYPE)


def metrics_routes(metrics: Metrics | None) -> dict[str, dict[str, Handler]]:
    """The route; none where no token is set."""
    return {} if metrics is None else {"/metrics": {"GET": metrics, "HEAD": metrics}}


def _document(figures: StoreFigures, trunks: Iterable[TrunkState], signs: Signs, now: int) -> Iterator[str]:
    yield from _calls(figures, now)
    yield from _engine(signs)
    yield from _metric(
        "trunk_up",
        "Whether a trunk that is watched (register, options_every) can be used.",
        [({"trunk": each.name}, each.is_up) for each in trunks],
    )
    late = 0.0 if figures.oldest_due_at is None else max(0, now - figures.oldest_due_at) / 1000
    yield from _one("webhook_deliveries_open", "Webhooks that are not delivered yet.", figures.open_deliveries)
    yield from _one("webhook_lateness_seconds", "By which the webhook that is late the longest is late.", late)
    yield from _one("webhook_endpoints_disabled", "Webhook endpoints that get nothing.", figures.disabled_endpoints)


def _calls(figures: StoreFigures, now: int) -> Iterator[str]:
    waited = 0.0 if figures.oldest_queued_at is None else max(0, now - figures.oldest_queued_at) / 1000
    living = [({"phase": phase.name.lower()}, figures.living.get(phase, 0)) for phase in Phase if phase < Phase.ENDED]
    ended = [({"reason": str(int(reason))}, figures.recently_ended.get(reason, 0)) for reason in Reason]
    yield from _metric("calls", "Calls that have not ended, by phase.", living)
    yield from _one("queue_oldest_seconds", "Since the call that waits the longest to be dialled was placed.", waited)
    yield from _metric("calls_ended_recently", "Of the calls placed in the last five minutes, those ended.", ended)
    yield from _one(
        "overdue_calls", "Calls that outlived their timers and are kept: 0 in a sound service.", figures.overdue
    )
    yield from _one("legs_on_wire", "Phones whose last word is still to come.", figures.legs_on_wire)


def _engine(signs: Signs) -> Iterator[str]:
    is_up = signs.silence is not None and signs.silence <= _SILENT
    yield from _one("engine_up", "Whether the engine gives signs of life.", is_up)
    if signs.silence is not None:
        yield from _one("engine_silence_seconds", "Since the engine's last sign of life.", signs.silence)
    yield from _one("engine_delay_seconds", "By which the engine is late with its work.", signs.delay)
    if signs.calls_per_second is not None:
        told = "New calls that are taken, others being refused; absent while there is no limit."
        yield from _one("admitted_calls_per_second", told, signs.calls_per_second)
    yield from _metric("mode", "What the service is about.", [({"mode": mode}, mode == signs.mode) for mode in _MODES])


def _one(name: str, told: str, value: float) -> Iterator[str]:
    return _metric(name, told, [(_NONE, value)])


def _metric(name: str, told: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP twoleg_{name} {told}\n# TYPE twoleg_{name} gauge\n"
    for labels, value in samples:
        inner = ",".join(f'{label}="{text}"' for label, text in labels.items())  # names of ours: nothing to escape
        yield f"twoleg_{name}{{{inner}}} {_number(value)}\n" if inner else f"twoleg_{name} {_number(value)}\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
