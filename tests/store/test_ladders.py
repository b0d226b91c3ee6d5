"""The file of ladders and the thread that writes it: bounded, without secrets, and in nobody's way."""

from __future__ import annotations

import random
import sqlite3
import stat
import threading
import zlib
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from fakes.log import NotedLog
from ladder.drawn import AGENT, BEGAN, SERIAL, ended_call, local_for, messages, request
from patience import eventually
from sip.secret_messages import SECRET, Sent
from sip.secret_messages import messages as secret_messages
from twoleg.adapters.store.sqlite.ladder_file import LadderFile, SqliteLadderArchive, ladder_file_of
from twoleg.adapters.store.sqlite.ladder_writer import Job, LadderKeep, LadderWriter
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ladder.noted import Noted
from twoleg.application.ladder.values import Capture
from twoleg.domain.call import Role
from twoleg.domain.values import replace

DAY = 24 * 60 * 60 * 1000
MEBI = 1024 * 1024


def a_job(serial: int = SERIAL, *data: bytes) -> Job:
    noted: list[Noted] = [(BEGAN * 1000 + at, Role.AGENT, True, AGENT, each) for at, each in enumerate(data)]
    size = sum(map(len, data))
    return Job(call=ended_call(serial=serial), messages=noted, size=size, omitted=0, is_dropped=False)


@dataclass
class Desk:
    """A writer over a file in a folder."""

    file: Path
    max_disk: int = MEBI
    now: int = BEGAN + 3000
    tenants: dict[str, int] = field(default_factory=dict)
    log: NotedLog = field(default_factory=NotedLog)

    def start(self) -> LadderWriter:
        return LadderWriter(
            self.file,
            keep=LadderKeep(days=7, max_disk=self.max_disk),
            local_for=local_for,
            days_of_tenants=lambda: self.tenants,
            now_ms=lambda: self.now,
            log=self.log,
        )

    def write(self, *jobs: Job) -> LadderWriter:
        """Written, and closed."""
        with closing(self.start()) as writer:
            for job in jobs:
                writer.put(job)
        return writer

    def find(self, serial: int = SERIAL) -> Capture | None:
        return SqliteLadderArchive(self.file).find(serial)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "calls.ladder.db")


def captures(count: int, *, tenant_id: str = "t1", ended_at: int = BEGAN, octets: int = 0) -> list[Capture]:
    """Captures whose messages do not compress."""
    dice = random.Random(count)
    return [
        Capture(
            serial=SERIAL + number,
            tenant_id=tenant_id,
            ended_at=ended_at + number,
            messages=(replace(messages()[0], data=dice.randbytes(octets)),),
        )
        for number in range(count)
    ]


def test_the_file_lies_beside_the_store_and_is_its_owners_alone(desk: Desk, tmp_path: Path) -> None:
    assert ladder_file_of(tmp_path / "calls.db") == desk.file
    desk.write(a_job(SERIAL, request("INVITE")))
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600


def test_what_was_put_before_the_end_is_written(desk: Desk) -> None:
    writer = desk.write(*(a_job(SERIAL + number, request("INVITE")) for number in range(200)))
    assert (writer.written, writer.lost) == (200, 0)
    assert all(desk.find(SERIAL + number) for number in range(200))


def test_a_ladder_can_be_read_while_the_service_runs(desk: Desk) -> None:
    with closing(desk.start()) as writer:
        writer.put(a_job(SERIAL, request("INVITE"), request("ACK")))
        assert eventually(lambda: desk.find() is not None, seconds=10)
    found = desk.find()
    assert found is not None
    assert [each.at for each in found.messages] == [BEGAN * 1000, BEGAN * 1000 + 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(secret_messages())
def test_no_secret_reaches_the_disk(tmp_path: Path, sent: Sent) -> None:
    desk = Desk(tmp_path / "secrets.ladder.db")
    desk.write(a_job(SERIAL, sent.data))
    with closing(sqlite3.connect(desk.file)) as connection:
        (packed,) = connection.execute("SELECT capture FROM ladder").fetchone()
    assert SECRET.encode() not in zlib.decompress(packed)
    for each in tmp_path.iterdir():
        assert SECRET.encode() not in each.read_bytes()


def test_old_ladders_go_and_those_of_tenants_who_want_it_sooner(desk: Desk) -> None:
    now = BEGAN + 30 * DAY
    with closing(LadderFile(desk.file)) as file:
        file.put(captures(3, ended_at=now - 8 * DAY))
        file.put(
            [
                Capture(serial=1, tenant_id="short", ended_at=now - 2 * DAY),
                Capture(serial=2, tenant_id="long", ended_at=now - 2 * DAY),
            ]
        )
        gone = file.purge(now_ms=now, days=7, days_of_tenants={"short": 1, "long": 90}, max_disk=100 * MEBI)
    assert gone == 4
    assert (desk.find(1), desk.find(2) is None) == (None, False)


def test_the_file_stays_within_its_bounds_and_the_oldest_go_first(desk: Desk) -> None:
    with closing(LadderFile(desk.file)) as file:
        for each in captures(600, octets=10_000):
            file.put([each])
        assert file.octets() > 5 * MEBI
        while file.purge(now_ms=BEGAN, days=7, days_of_tenants={}, max_disk=3 * MEBI):
            pass
        assert file.octets() <= 3 * MEBI
    assert desk.find(SERIAL) is None
    assert desk.find(SERIAL + 599) is not None


def test_a_service_purges_when_it_starts(desk: Desk) -> None:
    with closing(LadderFile(desk.file)) as file:
        file.put(captures(5))
    desk.now = BEGAN + 8 * DAY
    with closing(desk.start()):
        assert eventually(lambda: desk.find(SERIAL + 4) is None, seconds=10)


def test_a_file_of_another_release_is_emptied(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.file)) as connection:
        connection.executescript("CREATE TABLE ladder (odd TEXT); PRAGMA user_version = 99;")
    desk.write(a_job(SERIAL, request("INVITE")))
    assert desk.find() is not None


def test_a_file_that_is_none_costs_ladders_and_one_line_in_the_log(desk: Desk) -> None:
    desk.file.write_bytes(b"no SQLite file " * 1000)
    writer = desk.write(a_job(1, request("INVITE")), a_job(2, request("INVITE")))
    assert (writer.written, writer.lost) == (0, 2)
    assert desk.log.events("warning") == ["ladders cannot be kept"]
    with pytest.raises(StoreUnavailable):
        desk.find()


def test_a_damaged_ladder_is_told_as_such(desk: Desk) -> None:
    desk.write(a_job(SERIAL, request("INVITE")))
    with closing(sqlite3.connect(desk.file)) as connection, connection:
        connection.execute("UPDATE ladder SET capture = x'00'")
    with pytest.raises(StoreUnavailable, match="damaged"):
        desk.find()


def test_more_than_can_wait_is_lost_and_counted(desk: Desk) -> None:
    gate = threading.Event()

    def held_up() -> dict[str, int]:
        gate.wait(30)
        return {}

    writer = LadderWriter(
        desk.file,
        keep=LadderKeep(days=7, max_disk=MEBI),
        local_for=local_for,
        days_of_tenants=held_up,
        now_ms=lambda: BEGAN,
        log=desk.log,
    )
    large = a_job(SERIAL, b"x" * MEBI)
    for _ in range(40):
        writer.put(large)
    assert 40 - writer.lost == 16
    gate.set()
    writer.close()
    assert writer.written == 16
