"""A file of every older version, with what its service left in it, is migrated and serves every use as if it were new.

`versions/NNNN.sql` are the rows that a service of schema NNNN could leave and an older one could not. A file of version
N has lived through all versions up to it: each is applied, and its rows written, in turn.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.worlds import Told, numbered
from domain.calls import T0, WAY
from fakes.log import NotedLog
from store.files import opened, rows
from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.adapters.store.sqlite.migrations import known_migrations, migrate
from twoleg.adapters.store.sqlite.soundness import look_through
from twoleg.application.call_records import RecordsWanted
from twoleg.application.call_search import NEWEST as NEWEST_CALL
from twoleg.application.call_search import CallFilter
from twoleg.application.ports import Idempotency, Intent, Placed
from twoleg.domain.call import Call, EndedBy, Phase, Role
from twoleg.domain.events import EventType
from twoleg.domain.reasons import Reason
from twoleg.domain.recording import RecordingPolicy, RecordingStatus
from twoleg.domain.signals import EngineLost
from twoleg.domain.tenant import Profile

VERSIONS = Path(__file__).with_name("versions")
NEWEST = len(known_migrations())
VERSIONS_THERE_WERE = range(1, NEWEST + 1)
SEALED = 10
"""The version from which signing keys are sealed; those of before lay in the clear, and are dropped on purpose."""
DAY = 24 * 60 * 60 * 1000

LIVING = {101: Phase.QUEUED, 102: Phase.CALLING_AGENT, 103: Phase.CALLING_CUSTOMER, 104: Phase.TALKING}
ENDED = {105: Reason.CUSTOMER_HUNG_UP, 106: Reason.AGENT_UNANSWERED}
SEQ = {101: 1, 102: 2, 103: 4, 104: 6, 105: 7, 106: 3}


def left_behind_by(version: int, path: Path) -> None:
    """A file as a service of that schema left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for number in range(1, version + 1):
            migrate(connection, known_migrations()[:number], now_ms=T0, log=NotedLog())
            connection.execute("PRAGMA foreign_keys = ON")
            written = VERSIONS / f"{number:04}.sql"
            if written.exists():
                connection.executescript(written.read_text())


@dataclass(frozen=True, slots=True)
class Migrated:
    """A file of an older version after its first opening by this one. Shared: nothing may be written to it."""

    version: int
    path: Path
    rows_before: dict[str, int]
    rows_after: dict[str, int]


@pytest.fixture(scope="module", params=VERSIONS_THERE_WERE)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Migrated:
    path = tmp_path_factory.mktemp("version") / "twoleg.db"
    left_behind_by(request.param, path)
    before = counts(path)
    opened(path).close()
    return Migrated(request.param, path, before, counts(path))


@pytest.fixture
def version(migrated: Migrated) -> int:
    return migrated.version


@pytest.fixture
def path(migrated: Migrated) -> Path:
    return migrated.path


def counts(path: Path) -> dict[str, int]:
    """Rows by table, but for what migrations and SQLite note of themselves."""
    names = rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        name: int(str(rows(path, f"SELECT count(*) FROM {name}")[0][0]))
        for name in (str(name) for (name,) in names)
        if name != "migration"
    }


def test_every_version_but_the_newest_has_left_something() -> None:
    names = {f"{migration.number:04}.sql" for migration in known_migrations()[:-1]}
    assert names <= {file.name for file in VERSIONS.iterdir()}, "see this module's docstring"


def test_a_migrated_file_is_sound_and_has_lost_no_row(migrated: Migrated) -> None:
    lost = {"signing_key"} if migrated.version < SEALED else set()
    kept = {name: count for name, count in migrated.rows_before.items() if name not in lost}
    assert kept == {name: migrated.rows_after[name] for name in kept}
    assert look_through(migrated.path).flaws == ()
    assert rows(migrated.path, "SELECT number FROM migration") == [(number,) for number in VERSIONS_THERE_WERE]


def test_calls_are_read_as_they_were(path: Path) -> None:
    store = opened(path)
    calls = {serial: _call(store, serial) for serial in SEQ}

    assert {serial: calls[serial].phase for serial in LIVING} == LIVING
    assert {serial: calls[serial].reason for serial in ENDED} == ENDED
    assert {serial: call.seq for serial, call in calls.items()} == SEQ
    ended = calls[105]
    assert (ended.agent.number, ended.customer.number, ended.call_data, ended.cause) == ("+495", "+865", "kept", 16)
    assert (ended.started_at, ended.talking_at, ended.ended_at) == (1621823865010, 1621823869000, 1621823899000)
    assert (ended.customer.ended_by, ended.customer.sip_reason) == (EndedBy.CUSTOMER, "Q.850;cause=16")
    assert (calls[106].agent.ringing_at, calls[106].customer.dialled_at) == (1621823865100, None)
    assert store.reader().status(105, "t2") is None, "another tenant's"
    store.close()


def test_events_are_read_by_tenant_and_by_call_without_a_gap(path: Path) -> None:
    store = opened(path)
    feed = store.event_feed()

    for tenant_id, its in (("t1", (101, 102, 103, 104, 105)), ("t2", (106,))):
        told = [each.event for each in feed.of_tenant(tenant_id, after=0, limit=1000) if each.event.serial in its]
        assert {serial: [event.seq for event in told if event.serial == serial] for serial in its} == {
            serial: list(range(1, SEQ[serial] + 1)) for serial in its
        }
    last = feed.of_call(105, after=6, limit=10)[0]
    assert (last.event.type, last.event.reason, last.tenant_id) == (EventType.CALL_ENDED, 0, "t1")
    assert feed.newest() == len(feed.after(0, limit=1000))
    store.close()


def test_lists_and_records_find_them(path: Path) -> None:
    store = opened(path)

    found = store.call_records().find(RecordsWanted(tenant_id="t1", since=0, until=1621823900000, caller="+495"))
    assert (found.total, [call.serial for call in found.records]) == (1, [105])
    page = store.call_search().page(CallFilter(tenant_id="t1", called="+864"), behind=NEWEST_CALL, limit=10)
    assert [call.serial for call in page.calls] == [104]
    assert store.call_search().pending("t1", caller="+493", called="+863") == 103
    exported = [row for part in store.detail_records().read(since=0, until=T0 + DAY, tenant_id="t2") for row in part]
    assert len(exported) == 1
    store.close()


def test_tenants_apps_and_keys_still_open_the_door(path: Path, version: int) -> None:
    store = opened(path)
    directory = store.directory()

    first, second = directory.tenant("t1"), directory.tenant("t2")
    assert first is not None
    assert second is not None
    assert (first.profile, first.access_codes, first.trial) == (Profile.AICC, ("640003", "640060"), False)
    assert (second.profile, second.phones, second.trial, second.retention_days) == (Profile.ITA, ("88889050",), True, 7)
    assert first.recording is (RecordingPolicy.ON_DEMAND if version >= 7 else RecordingPolicy.OFF)
    assert [directory.is_enabled(key) for key in ("key1", "key2")] == [True, False]
    assert second.guards.concurrent_calls == (20 if version >= 8 else None)
    unwanted = store.unwanted_book().listed("t2", limit=10)
    assert [each.number for each in unwanted] == (["+8612345"] if version >= 8 else [])
    acts = store.audit_log().newest(limit=10)
    assert [each.entry.subject for each in acts] == (["t1"] if version >= 9 else [])
    assert [key.key_id for key in directory.signing_keys()] == (["k2"] if version >= SEALED else [])
    store.close()


def test_what_later_versions_added_is_there_where_it_was_left(path: Path, version: int) -> None:
    store = opened(path)
    attempts = _call(store, 105).agent.attempts
    states = [(state.name, state.is_up) for state in store.trunk_board().states()]
    endpoints = store.endpoint_book().of_tenant("t1")
    quality = store.quality_book().of(105)
    recording = store.recordings().find(105)

    assert [attempt.trunk for attempt in attempts] == (["north", "south"] if version >= 2 else [])
    assert states == ([("north", False), ("south", True)] if version >= 2 else [])
    if version >= 3:
        assert _call(store, 301).reason is Reason.NOT_DIALLED
    assert [(endpoint.endpoint_id, endpoint.cursor) for endpoint in endpoints] == ([("e1", 3)] if version >= 4 else [])
    due = store.outbox().due("e1", now=T0 + DAY, limit=10, besides=())
    assert len(due) == (version >= 4)
    assert {role: each.packets for role, each in quality.items()} == (
        {Role.AGENT: 1500, Role.CUSTOMER: 0} if version >= 6 else {}
    )
    assert (recording is not None and recording.status is RecordingStatus.READY) == (version >= 7)
    store.close()


@pytest.mark.asyncio
async def test_an_engine_takes_over_what_was_left_and_goes_on(migrated: Migrated, tmp_path: Path) -> None:
    path = Path(shutil.copy(migrated.path, tmp_path))
    store = opened(path)
    steps, intake = store.journal(asyncio.get_running_loop()), store.intake()

    assert [call.serial for call in steps.queued()] == [101]
    left = {call.serial: call for call in steps.live()}
    assert set(left) == {102, 103, 104}
    assert list(steps.hangup_requests()) == [104]
    for call in left.values():
        Told(steps, call).tell(EngineLost())
    replay = Intent(numbered(901, created_at=1621823865000), idempotency=Idempotency("once", b"\1\2"))
    assert await intake.place(replay) == Placed(105, replayed=True)
    assert await intake.place(Intent(numbered(902))) == Placed(902)
    Told(steps, numbered(902)).tell(*WAY[Phase.ENDED])
    await steps.drained()

    assert {_call(store, serial).reason for serial in left} == {Reason.ENGINE_LOST}
    assert store.purge(T0 + 100 * DAY) > 0
    store.close()
    assert look_through(path).flaws == ()


def _call(store: SqliteStore, serial: int) -> Call:
    call = store.reader().call(serial)
    assert call is not None
    return call


def test_the_files_of_versions_are_named_by_their_number() -> None:
    assert [file.name for file in VERSIONS.iterdir() if not re.fullmatch(r"\d{4}\.sql", file.name)] == []
