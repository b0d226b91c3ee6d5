"""`python -m bench`: every measurement in one run, one table with ratios; `--write` puts it into docs/bench.md."""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvloop

from bench import calls, delays, overload, sippy_peer
from bench.api import measure_api
from bench.events import READERS
from bench.events import measure as measure_events
from bench.figures import Row, markdown, percentile, spread
from bench.media import measure as measure_media
from bench.page import write_page
from bench.processes import OTHER_CORE, clean_up_on_sigterm, machine, on_core
from bench.ramp import Stage, best_of
from bench.store import StoreFigures
from bench.store import measure as measure_store
from bench.transports import measure as measure_transports
from bench.whole_calls import measure as measure_whole_calls

WANTED_CALLS = 250
WANTED_CPU_MS = 3.5
WANTED_KIB = 30.0
WANTED_CALLS_RATIO = 1.5
WANTED_CPU_RATIO = 0.6
WANTED_ANSWER_MS = 10.0

RATES = (100, 150, 200, 250, 300, 350, 400)
HELD_CALLS = 3000
HELD_RATE = 150
OVERLOAD_CAPACITY = 350
"""What the part `calls` found."""
RTPENGINE_CALLS = 250
RTPIO_CALLS = 100


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    stage_seconds: float
    answer_seconds: float
    stored_calls: int
    legs: int


FULL = Effort(stage_seconds=12, answer_seconds=20, stored_calls=1_000_000, legs=20_000)
QUICK = Effort(stage_seconds=5, answer_seconds=5, stored_calls=20_000, legs=1000)
"""To see that everything works; its figures mean nothing."""


def _api(folder: Path, effort: Effort) -> list[Row]:
    return measure_api(folder, calls=effort.stored_calls).rows()


def _calls(folder: Path, effort: Effort) -> list[Row]:
    for name in ("ours", "sippy", "memory"):
        (folder / name).mkdir()
    with on_core(OTHER_CORE), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ours = runner.run(calls.ramp(folder / "ours", rates=RATES, seconds=effort.stage_seconds))
        peers = runner.run(sippy_peer.ramp(folder / "sippy", rates=RATES, seconds=effort.stage_seconds))
        kib, talking = runner.run(calls.memory_per_call(folder / "memory", calls=HELD_CALLS, rate=HELD_RATE))
    _tell_stages("twoleg", ours)
    _tell_stages("sippy", peers)
    return [*_ramp_rows(ours, peers), _memory_row(kib, talking)]


def _ramp_rows(ours: Sequence[Stage], peers: Sequence[Stage]) -> list[Row]:
    best, peer = best_of(ours), best_of(peers)
    if best is None:
        return [Row(what="two-way calls/s without a failure", ours="none", wanted=f">= {WANTED_CALLS}", is_met=False)]
    rows = [
        Row(
            what="two-way calls/s, no failure, one engine core, store on (peer: sippy, no store)",
            ours=str(best.rate),
            peer=str(peer.rate) if peer else "none",
            ratio=best.rate / peer.rate if peer else None,
            wanted=f">= {WANTED_CALLS}, >= {WANTED_CALLS_RATIO} x",
            is_met=best.rate >= WANTED_CALLS and (peer is None or best.rate >= WANTED_CALLS_RATIO * peer.rate),
        ),
        Row(
            what=f"CPU per call, engine and store, at {best.rate} calls/s",
            ours=f"{best.cpu_ms:.2f} ms",
            wanted=f"<= {WANTED_CPU_MS} ms",
            is_met=best.cpu_ms <= WANTED_CPU_MS,
        ),
    ]
    same = _at_the_rate_of(peer, ours)
    if peer and same:
        ratio = same.cpu_ms / peer.cpu_ms
        rows.append(
            Row(
                what=f"CPU per call at {peer.rate} calls/s, the peer's best",
                ours=f"{same.cpu_ms:.2f} ms",
                peer=f"{peer.cpu_ms:.2f} ms",
                ratio=ratio,
                wanted=f"<= {WANTED_CPU_RATIO} x",
                is_met=ratio <= WANTED_CPU_RATIO,
            )
        )
    return rows


def _at_the_rate_of(peer: Stage | None, ours: Sequence[Stage]) -> Stage | None:
    return next((stage for stage in ours if peer and stage.rate == peer.rate), None)


def _memory_row(kib: float, talking: int) -> Row:
    return Row(
        what=f"memory per call, {talking:,} of {HELD_CALLS:,} calls talking at once",
        ours=f"{kib:.1f} KiB",
        wanted=f"<= {WANTED_KIB:.0f} KiB",
        is_met=kib <= WANTED_KIB and talking == HELD_CALLS,
    )


def _tell_stages(whose: str, stages: Sequence[Stage]) -> None:
    for stage in stages:
        outcome = "clean" if stage.is_clean else ", ".join(f"{count} x {why}" for why, count in stage.failures.items())
        print(
            f"  {whose:6} {stage.rate:4} calls/s  {stage.cpu_ms:5.2f} ms CPU/call  core {stage.busy:4.0%} busy  "
            f"{stage.retransmissions} retransmissions  {outcome}"
        )


def _answer(folder: Path, effort: Effort) -> list[Row]:
    with on_core(OTHER_CORE), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(delays.answer_to_state(folder, rate=50, seconds=effort.answer_seconds))
    worst = percentile(found.answer_to_state, 0.99)
    return [
        Row(
            what="customer's 200 OK on the wire -> state 2 read over HTTP, 50 calls/s",
            ours=spread(found.answer_to_state),
            wanted=f"p99 < {WANTED_ANSWER_MS:.0f} ms",
            is_met=worst < WANTED_ANSWER_MS and not found.failures,
        )
    ]


def _store(folder: Path, effort: Effort) -> list[Row]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return _store_rows(measure_store(folder, stored_calls=effort.stored_calls))


def _store_rows(found: StoreFigures) -> list[Row]:
    placing, stepping = found.placing_beside, found.stepping_beside
    return [
        Row(
            what="store: calls placed/s, 32 at a time, each on disk before its answer",
            ours=f"{found.placing.per_second:,.0f}, {found.placing.cpu_us:.0f} us CPU each",
        ),
        Row(
            what=f"store: all steps of a call, {stepping.calls_per_second:.0f} calls/s, beside a placing process",
            ours=f"{stepping.cpu_us_a_call:.0f} us CPU a call, p99 {stepping.p99_ms:.1f} ms a step",
        ),
        Row(
            what="store: placing meanwhile",
            ours=f"p50 {placing.p50_ms:.1f} ms, p99 {placing.p99_ms:.1f} ms",
        ),
        Row(
            what=f"store: status of one of {found.stored_calls:,} calls",
            ours=f"{found.status_us:.1f} us CPU",
        ),
    ]


def _transports(folder: Path, effort: Effort) -> list[Row]:
    return measure_transports(folder, legs=effort.legs)


def _media(folder: Path, effort: Effort) -> list[Row]:
    few = effort is QUICK
    calls = (("rtpengine", 20 if few else RTPENGINE_CALLS), ("rtpio", 10 if few else RTPIO_CALLS))
    return measure_media(folder, calls=calls, seconds=effort.stage_seconds)


def _events(folder: Path, effort: Effort) -> list[Row]:
    with on_core(OTHER_CORE):
        return measure_events(folder, readers=500 if effort is QUICK else READERS, seconds=effort.answer_seconds)


def _whole_calls(folder: Path, effort: Effort) -> list[Row]:
    few = effort is QUICK
    with on_core(OTHER_CORE):
        return measure_whole_calls(
            folder,
            seconds=effort.stage_seconds,
            held=500 if few else 10_000,
            held_rate=HELD_RATE,
            held_seconds=3 if few else 60,
        )


def _overload(folder: Path, effort: Effort) -> list[Row]:
    few = effort is QUICK
    with on_core(OTHER_CORE), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        capacity = 60 if few else OVERLOAD_CAPACITY
        return runner.run(overload.measure(folder, capacity=capacity, seconds=5 if few else 30))


PARTS: dict[str, Callable[[Path, Effort], list[Row]]] = {
    "api": _api,
    "calls": _calls,
    "answer": _answer,
    "store": _store,
    "transports": _transports,
    "whole": _whole_calls,
    "media": _media,
    "events": _events,
    "overload": _overload,
}


def main() -> None:
    """Measure, print, and write if asked to."""
    clean_up_on_sigterm()
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("--write", action="store_true", help="put the table into docs/bench.md")
    arguments.add_argument("--quick", action="store_true", help="short: shows that everything works, no figures")
    arguments.add_argument("--only", choices=sorted(PARTS), help="one part")
    chosen = arguments.parse_args()
    rows = []
    for name in [chosen.only] if chosen.only else PARTS:
        began = time.monotonic()
        print(f"measuring {name} ...", flush=True)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            rows += PARTS[name](Path(folder), QUICK if chosen.quick else FULL)
        print(f"  took {time.monotonic() - began:.0f} s", flush=True)
    print(f"\n{machine()}\n\n{markdown(rows)}")
    if chosen.write:
        write_page(rows)


if __name__ == "__main__":
    main()
