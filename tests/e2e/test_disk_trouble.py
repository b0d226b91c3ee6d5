"""A disk that fails under the running service: refused honestly, talks go on, nothing is lost, nobody lends a hand."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from statistics import median
from typing import TYPE_CHECKING

import pytest

from disk.faulty import FaultyDisk
from e2e.places import ANSWERS, BUSY, SANDBOX
from interop.scripts import AGENT_ANSWERS, AGENT_IS_CONNECTED, CUSTOMER_ANSWERS, hangs_up, is_released, phone, waits
from interop.sipp import Sipp
from patience import eventually, now
from service import CREATE_PATH, QUERY_PATH, Client, Service, Trunk
from store.files import locked, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

pytestmark = pytest.mark.slow

AGENT, STAYS, HANGS_UP = "88", "66", "44"
"""What numbers begin with: agents, customers who talk for as long as one likes, and one who hangs up after 2 s."""
CALLS = 6
CANNOT = "store cannot be written"
AGAIN = "store can be written again"
REFUSED = f"{AGENT}99"
"""Calls only while nothing can be placed."""
SLOW = 300
"""Milliseconds of each sync of the slow disk."""


@contextmanager
def served(folder: Path, patch: pytest.MonkeyPatch, *trunks: Trunk) -> Iterator[tuple[FaultyDisk, Service, Client]]:
    """A service on a disk that is sound as yet; without trunks it calls the sandbox's phones."""
    disk = FaultyDisk.make(folder, store=folder / "twoleg.db")
    with disk.under(patch):
        service = Service.start(folder, trunks=trunks, more="" if trunks else SANDBOX, is_cold=True)
    with service, service.client() as client:
        assert disk.count("programs"), "the service was not started on this disk"
        yield disk, service, client


def refusal(client: Client) -> tuple[int, str]:
    """What a createCall is told."""
    answer = client.connection.post(CREATE_PATH, json={"caller": REFUSED, "called": f"{STAYS}99"})
    return answer.status_code, answer.text


def said(service: Service, event: str) -> list[str]:
    """Why, each time the engine said so."""
    lines = [line for line in service.log() if line["event"] == event and line["process"] == "engine"]
    return [str(line.get("trouble", line.get("troubles"))) for line in lines]


def outlives(
    service: Service,
    client: Client,
    trouble: AbstractContextManager[None],
    number: int,
    *,
    until: Callable[[], bool] = lambda: True,
) -> str:
    """A call is placed, then there is trouble until the engine meets it, and `until`; answers how it called it."""
    before, again = len(said(service, CANNOT)), len(said(service, AGAIN))
    serial = client.create_call(f"{AGENT}{number}", f"{STAYS}{number}")
    with trouble:
        status, text = refusal(client)
        assert status == 500, text
        assert "the store is unavailable: nothing was placed" in text
        assert eventually(lambda: len(said(service, CANNOT)) > before and until()), "the engine never noticed"
        assert client.query(serial)["state"] in (0, 1, 2)
    client.until(serial, state=2)
    assert eventually(lambda: len(said(service, AGAIN)) > again)
    return said(service, CANNOT)[before]


@contextmanager
def phones(folder: Path) -> Iterator[dict[str, Sipp]]:
    """By what their numbers begin with; each takes as many calls as the test makes."""
    steps = {
        AGENT: (AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()),
        STAYS: (CUSTOMER_ANSWERS, is_released()),
        HANGS_UP: (CUSTOMER_ANSWERS, waits(2), hangs_up()),
    }
    with ExitStack() as running:
        started = {}
        for prefix, does in steps.items():
            own = folder / f"phone-{prefix}"
            own.mkdir()
            (own / "phone.xml").write_text(phone(*does))
            started[prefix] = running.enter_context(Sipp.start(own / "phone.xml", own, calls=CALLS))
        yield started


def test_the_service_outlives_every_trouble_of_its_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with phones(tmp_path) as started:
        trunks = [Trunk(f"to{prefix}", each.uri, prefixes=(prefix,)) for prefix, each in started.items()]
        with served(tmp_path, monkeypatch, *trunks) as (disk, service, client):
            _a_hang_up_is_honoured_on_a_full_disk(disk, service, client, started[AGENT])
            talk = client.create_call(f"{AGENT}0", f"{STAYS}0")

            read_only = disk.ordered(write_error=errno.EROFS, open_error=errno.EROFS)
            troubles = [
                outlives(service, client, disk.ordered(write_error=errno.EIO), 1),
                outlives(service, client, disk.ordered(sync_error=errno.EIO), 2),
                outlives(service, client, read_only, 3, until=lambda: disk.count("opens_failed") > 1),
                outlives(service, client, locked(tmp_path / "twoleg.db"), 4),
            ]

            assert troubles[:3] == ["the disk reports an error"] * 3
            assert troubles[3] == "another process keeps it locked"
            assert min(map(disk.count, ("writes_failed", "syncs_failed"))) > 0
            assert client.query(talk)["state"] == 2, "a talk went on through all of it"
            _what_cannot_be_read_is_refused(disk, service, client)
            service.cli("hangup", talk)
            assert client.until(talk, state=3)["reasonCode"] == 1001
    path = tmp_path / "twoleg.db"
    assert rows(path, f"SELECT count(*) FROM call WHERE caller = '{REFUSED}'") == [(0,)], "refused means: not there"
    assert (
        rows(path, "SELECT count(*) FROM call WHERE phase = 4")
        == rows(path, "SELECT count(*) FROM cdr")
        == [(CALLS + 1,)]
    )
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def _a_hang_up_is_honoured_on_a_full_disk(disk: FaultyDisk, service: Service, client: Client, agent: Sipp) -> None:
    serial = client.create_call(f"{AGENT}5", f"{HANGS_UP}5")
    client.until(serial, state=2)
    with disk.ordered(write_error=errno.ENOSPC):
        assert refusal(client)[0] == 500
        agent.wait_for("BYE")
        assert client.query(serial)["state"] == 2, "what is published is what is on the disk"
        assert said(service, CANNOT) == ["the disk is full"]
    assert client.until(serial, state=3)["reasonCode"] == 0, "the customer hung up"
    assert eventually(lambda: said(service, AGAIN) == ["['the disk is full']"])


def _what_cannot_be_read_is_refused(disk: FaultyDisk, service: Service, client: Client) -> None:
    processes = [service.child(name) for name in ("api", "engine")]
    serial = client.create_call("10", "10")
    with disk.ordered(read_error=errno.EIO):
        answer = client.connection.post(QUERY_PATH, json={"callSerialNo": serial})
        assert (answer.status_code, disk.count("reads_failed") > 0) == (500, True), answer.text
    assert client.until(serial, state=3)["reasonCode"] == 6, "no trunk has a prefix of 10"
    assert [service.child(name) for name in ("api", "engine")] == processes, "nobody died of it"


def test_an_engine_that_dies_on_a_full_disk_comes_back_on_it_and_ends_what_it_left_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path, monkeypatch) as (disk, service, client):
        talk = client.create_call(ANSWERS, f"{STAYS}{ANSWERS}")
        client.until(talk, state=2)
        dead = service.child("engine")
        with disk.ordered(write_error=errno.ENOSPC):
            os.kill(dead, signal.SIGKILL)
            assert eventually(lambda: service.child("engine") != dead, seconds=30)
            assert eventually(lambda: bool(said(service, CANNOT)))
            assert refusal(client)[0] == 500
            assert client.query(talk)["state"] == 2

        assert client.until(talk, state=3)["reasonCode"] == 1003
        assert client.until(client.create_call(ANSWERS, f"{STAYS}{BUSY}"), state=3)["reasonCode"] == 3


OPTIONS = (
    "OPTIONS sip:twoleg@{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{number};rport\r\n"
    "From: <sip:probe@{own}>;tag=1\r\nTo: <sip:twoleg@{host}:{port}>\r\nCall-ID: {number}@probe\r\n"
    "CSeq: {number} OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def probe(address: tuple[str, int], stop: threading.Event) -> list[float]:
    """Seconds that the engine took to answer each of many OPTIONS, one after the other, until `stop`."""
    took: list[float] = []
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as own:
        own.bind(("127.0.0.1", 0))
        own.settimeout(10)
        while not stop.wait(0.02):
            words = {"host": address[0], "port": address[1], "own": f"127.0.0.1:{own.getsockname()[1]}"}
            began = now()
            own.sendto(OPTIONS.format(number=len(took) + 1, **words).encode(), address)
            own.recv(65535)
            took.append(now() - began)
    return took


def test_a_slow_disk_delays_neither_sip_nor_queries_and_calls_share_its_syncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 30
    with (
        served(tmp_path, monkeypatch) as (disk, service, client),
        ThreadPoolExecutor(calls + 1) as threads,
        disk.ordered(sync_milliseconds=SLOW),
    ):
        stop = threading.Event()
        probing = threads.submit(probe, service.sip, stop)
        began = now()
        pairs = [(f"77{number:02}55500200", f"66{number:02}55500200") for number in range(calls)]
        serials = list(threads.map(lambda pair: client.create_call(*pair), pairs))
        placed = now() - began
        reads = [_seconds_of_a_query(client, serial) for serial in serials]
        for serial in serials:
            client.until(serial, state=2)
        stop.set()
        answered = probing.result()
        syncs = disk.count("syncs_slowed")

    assert placed < calls * SLOW / 1000 / 3, "createCalls share the syncs"
    assert syncs >= 6, "the disk was slow"
    assert median(reads) < SLOW / 1000 / 4
    assert len(answered) >= 20
    late = [each for each in answered if each > SLOW / 1000 / 2]
    assert len(late) <= len(answered) / 10, f"the engine waited for the disk: {late}"


def _seconds_of_a_query(client: Client, serial: str) -> float:
    began = now()
    client.query(serial)
    return now() - began
