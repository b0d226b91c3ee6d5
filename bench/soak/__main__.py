"""`python -m bench.soak --hours 1 --rate 50 --write`: the whole service under load, and docs/soak.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from bench.calls import wrong_ends
from bench.http_client import Client
from bench.processes import OTHER_CORE, clean_up_on_sigterm, on_core
from bench.service import SIP, Service, command
from bench.sipp_phones import Phones, Ports
from bench.soak.load import (
    QUERIES_A_SECOND,
    STAMPED_A_SECOND,
    TALK,
    Gauge,
    Load,
    Receiver,
    Stream,
    at_rate,
    credentials_of,
    make_old,
    still_there,
)
from bench.soak.page import Outcome, page
from bench.soak.page import line as line_of
from bench.soak.samples import Finding, Run, Sample, children_of, mib, vitals_of
from bench.stamped_phone import StampedPhone

_EVERY = 10.0
_GRACE = 30.0
_OLD_AFTER, _OLD_SHARE = 0.4, 0.25
"""When, and how much of what there is then, outlives its retention all at once; runs under five minutes are too short
for the purge, which looks once a minute."""
_SHORTEST_WITH_PURGE = 300.0
_WEBHOOKS = '[webhooks]\nallow_private = ["127.0.0.0/8"]'
_PAGE = Path(__file__).parents[2] / "docs" / "soak.md"


async def soak(folder: Path, *, rate: int, seconds: float) -> Outcome:
    """Run the load and judge it."""
    ports, gauge, run, stream, receiver = Ports.choose(), Gauge(), Run(), Stream(), Receiver()
    calls, stamped = round(rate * seconds), round(STAMPED_A_SECOND * seconds)
    old: list[str] = []
    server = await receiver.serve()
    with StampedPhone(talk=TALK) as phone:
        trunks = {"1": ports.agent, "2": ports.customer, "19": phone.port, "29": phone.port}
        with Service.start(folder, trunks=trunks, sip=f"{SIP}\n\n{_WEBHOOKS}") as service:
            config, store = folder / "twoleg.toml", folder / "twoleg.db"
            command(config, "webhook", "create", f"http://127.0.0.1:{receiver.port}/", "--event", "call.ended")
            credentials = credentials_of(service)
            patience = seconds * 2 + _GRACE
            with Phones(folder, ports, calls=calls, talk=TALK, patience=patience) as phones:
                await asyncio.sleep(0.5)
                async with Client(service.access) as client:
                    load = Load(service, client, gauge)
                    phone.on_customer_answer = load.answered
                    chores = [
                        asyncio.create_task(stream.read(service.access, credentials)),
                        asyncio.create_task(_sample(run, service, gauge, load)),
                        asyncio.create_task(load.keep_token(credentials)),
                        asyncio.create_task(_grow_old(load, folder / "twoleg.db", after=seconds * _OLD_AFTER, old=old)),
                    ]
                    await asyncio.gather(
                        at_rate(rate, seconds, lambda number: load.call(1000 + number)),
                        at_rate(STAMPED_A_SECOND, seconds, load.stamped_call),
                        at_rate(QUERIES_A_SECOND, seconds, lambda _: load.query()),
                    )
                    chores[1].cancel()
                    told = lambda: min(stream.ended, receiver.taken) >= calls + stamped and phones.are_done  # noqa: E731
                    await _until(told, seconds=_GRACE)
                    for chore in chores:
                        chore.cancel()
                    gauge.failures += await wrong_ends(client, load.serials[len(old) :])
            checked = command(config, "store", "check")
            findings = [
                *_counts(gauge, placed=len(load.serials), asked=calls),
                _same("ends read from the event stream", stream.ended, calls + stamped),
                _at_least("ends delivered to the webhook receiver", receiver.taken, calls + stamped),
                *[_same(f"{name}'s phone saw through", count.kept, calls) for name, count in phones.counts().items()],
                _same(f"of {len(old):,} calls whose retention was over, still there", still_there(store, old), 0),
                _same("errors in the log", len(service.troubles()), 0),
                _same("flaws of the store", len(checked["flaws"]), 0),
                *run.verdict(),
            ]
    server.close()
    return Outcome(run, findings, rate, seconds)


async def _sample(run: Run, service: Service, gauge: Gauge, load: Load) -> None:
    began, names, store = time.monotonic(), _names(service), service.folder / "twoleg.db"
    while True:
        await asyncio.sleep(_EVERY)
        processes = {}
        for pid in (service.process.pid, *children_of(service.process.pid)):
            with contextlib.suppress(OSError, KeyError):
                processes[names.get(pid, "nursery")] = vitals_of(pid)
        run.samples.append(
            Sample(
                at=time.monotonic() - began,
                processes=processes,
                delays=gauge.take(),
                store=mib(store),
                log=mib(store.with_name(store.name + "-wal")),
                placed=len(load.serials),
            )
        )
        say(line_of(run.samples[-1]))


async def _grow_old(load: Load, store: Path, *, after: float, old: list[str]) -> None:
    if after < _SHORTEST_WITH_PURGE * _OLD_AFTER:
        return
    await asyncio.sleep(after)
    old += load.serials[: round(len(load.serials) * _OLD_SHARE)]
    load.forget(set(old))
    await asyncio.to_thread(make_old, store, old)


def _names(service: Service) -> dict[int, str]:
    named = {service.process.pid: "supervisor"}
    for line in (service.folder / "log.jsonl").read_text().splitlines():
        if '"child ready"' in line:
            facts = json.loads(line)
            named[facts["pid"]] = facts["child"]
    return named


async def _until(holds: Callable[[], bool], *, seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not holds() and time.monotonic() < give_up:  # noqa: ASYNC110 - coarse is enough
        await asyncio.sleep(0.2)


def _counts(gauge: Gauge, *, placed: int, asked: int) -> list[Finding]:
    failed = [Finding(why, str(count), "0", is_met=False) for why, count in gauge.failures.items()]
    return [_same("calls placed", placed, asked), *failed]


def _same(what: str, found: int, wanted: int) -> Finding:
    return Finding(what, f"{found:,}", f"{wanted:,}", found == wanted)


def _at_least(what: str, found: int, wanted: int) -> Finding:
    return Finding(what, f"{found:,}", f">= {wanted:,}", found >= wanted)


# ---------------------------------------------------------------------------- telling


def say(line: str) -> None:
    """To whoever waits."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rate", type=int, default=50)
    parser.add_argument("--write", action="store_true", help="write docs/soak.md")
    arguments = parser.parse_args()
    clean_up_on_sigterm()
    with (
        tempfile.TemporaryDirectory() as folder,
        on_core(OTHER_CORE),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        outcome = runner.run(soak(Path(folder), rate=arguments.rate, seconds=arguments.hours * 3600))
    for finding in outcome.findings:
        say(f"{'ok' if finding.is_met else 'NO':3} {finding.what}: {finding.found} (wanted {finding.wanted})")
    if arguments.write:
        _PAGE.write_text(page(outcome))
    sys.exit(0 if outcome.is_flat else 1)


if __name__ == "__main__":
    main()
