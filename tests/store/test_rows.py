"""What stands in the file: events, CDR, and the plans by which SQLite finds things."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contract.worlds import Told, numbered
from domain.calls import T0, WAY
from store.files import rows, with_tenant
from twoleg.adapters.store import sqlite
from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.adapters.store.sqlite.queries import QUERIES, parse
from twoleg.application.ports import Idempotency, Intent
from twoleg.domain import signals as s
from twoleg.domain.call import Phase, Role

NO_STATEMENT_OF_ITS_OWN = {"writer_settings", "reader_settings", "ladder_settings", "ladder_schema"}
"""Scripts of several statements, run as such."""
DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twoleg.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = with_tenant(path)
    yield store
    store.close()


@pytest.mark.asyncio
async def test_events_are_kept_without_a_gap(store: SqliteStore, path: Path) -> None:
    await _lead(store, 1, *WAY[Phase.ENDED])

    assert rows(path, "SELECT seq, type, leg, at, reason FROM event WHERE serial = 1 ORDER BY seq") == [
        (1, "call.queued", None, T0, None),
        (2, "agent.dialled", "agent", T0 + 1, None),
        (3, "agent.answered", "agent", T0 + 2, None),
        (4, "customer.dialled", "customer", T0 + 2, None),
        (5, "customer.answered", "customer", T0 + 3, None),
        (6, "call.talking", None, T0 + 3, None),
        (7, "call.ended", None, T0 + 4, 0),
    ]


@pytest.mark.asyncio
async def test_what_the_wire_said_is_kept_with_the_event(store: SqliteStore, path: Path) -> None:
    busy = s.WireFacts(sip_status=486, sip_reason="Q.850;cause=17", cause=17)

    await _lead(store, 1, s.Start(), s.LegFailed(Role.AGENT, busy))

    last = "SELECT sip_status, sip_reason, cause, reason FROM event ORDER BY position DESC LIMIT 1"
    assert rows(path, last) == [(486, "Q.850;cause=17", 17, 2)]


@pytest.mark.asyncio
async def test_positions_are_never_given_twice_even_after_a_purge(store: SqliteStore, path: Path) -> None:
    await _lead(store, 1, *WAY[Phase.ENDED])
    (last,) = rows(path, "SELECT max(position) FROM event")[0]
    assert isinstance(last, int)
    assert store.purge(T0 + 100 * DAY) == 1

    await _lead(store, 2, s.Start())

    assert rows(path, "SELECT position FROM event ORDER BY position") == [(last + 1,), (last + 2,)]


@pytest.mark.asyncio
async def test_a_cdr_exists_exactly_from_the_end_on(store: SqliteStore, path: Path) -> None:
    told = await _lead(store, 1, *WAY[Phase.TALKING])
    assert rows(path, "SELECT * FROM cdr") == []

    await _lead_on(store, told, s.LegHungUp(Role.CUSTOMER))

    columns = (
        "serial, tenant_id, caller, called, caller_present, agent_present, created_at, started_at, talking_at, ended_at"
    )
    assert rows(path, f"SELECT {columns}, reason, cause FROM cdr") == [
        (1, "t1", "+491", "+861", "640003", "640060", T0, T0 + 1, T0 + 3, T0 + 4, 0, 16)
    ]
    agent = "agent_answered_at, agent_released_at, agent_ended_by"
    customer = "customer_answered_at, customer_released_at, customer_ended_by"
    assert rows(path, f"SELECT {agent} FROM cdr") == [(T0 + 2, T0 + 4, "service")]
    assert rows(path, f"SELECT {customer} FROM cdr") == [(T0 + 3, T0 + 4, "customer")]


@pytest.mark.asyncio
async def test_the_last_words_of_a_leg_reach_its_cdr(store: SqliteStore, path: Path) -> None:
    told = await _lead(store, 1, s.Start(), s.LegRinging(Role.AGENT), s.RingTimeout(Role.AGENT))

    await _lead_on(store, told, s.LegReleased(Role.AGENT, s.WireFacts(sip_status=487, sip_reason="SIP;cause=487")))

    assert rows(path, "SELECT reason, agent_sip_status, agent_sip_reason FROM cdr") == [(4, 487, "SIP;cause=487")]


@pytest.mark.asyncio
async def test_a_purged_call_leaves_nothing_but_its_spent_key(store: SqliteStore, path: Path) -> None:
    await store.intake().place(Intent(numbered(1), idempotency=Idempotency("k", b"h")))
    await _lead_on(store, Told(store.journal(asyncio.get_running_loop()), numbered(1)), *WAY[Phase.ENDED])

    store.purge(T0 + 100 * DAY)

    tables = ("call", "leg", "event", "cdr", "hangup_request")
    assert [table for table in tables if rows(path, f"SELECT * FROM {table}")] == []
    assert len(rows(path, "SELECT * FROM idempotency")) == 1


@pytest.mark.asyncio
async def test_old_keys_are_swept_away_as_new_ones_come(store: SqliteStore, path: Path) -> None:
    intake = store.intake()
    for serial in range(1, 31):
        await intake.place(Intent(numbered(serial), idempotency=Idempotency(f"k{serial}", b"h")))

    for serial in (31, 32):
        later = numbered(serial, created_at=T0 + 2 * DAY)
        await intake.place(Intent(later, idempotency=Idempotency(f"k{serial}", b"h")))

    assert rows(path, "SELECT key FROM idempotency ORDER BY key") == [("k31",), ("k32",)]


@pytest.mark.asyncio
async def test_what_the_intent_brings_for_later_is_kept(store: SqliteStore, path: Path) -> None:
    await store.intake().place(Intent(numbered(1), callback_url="https://hooks.example.com/x", agent_work_no=10086))

    assert rows(path, "SELECT callback_url, agent_work_no FROM call") == [("https://hooks.example.com/x", 10086)]


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(path: Path) -> None:
    with_tenant(path).close()
    with closing(sqlite.connection.open_writer(path)) as writer:
        full, on, wal = 2, 1, "wal"
        assert writer.execute("PRAGMA synchronous").fetchone() == (full,)
        assert writer.execute("PRAGMA foreign_keys").fetchone() == (on,)
        assert writer.execute("PRAGMA journal_mode").fetchone() == (wal,)


def test_readers_cannot_write(path: Path) -> None:
    with_tenant(path).close()
    with (
        closing(sqlite.connection.open_reader(path)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.execute("DELETE FROM tenant")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", sorted(QUERIES.keys() - NO_STATEMENT_OF_ITS_OWN - {"create_migration_table"}))
def test_every_query_fits_the_schema(path: Path, name: str) -> None:
    sql = QUERIES[name]
    named = re.findall(r":([a-z_]+)", sql)
    parameters: object = dict.fromkeys(named, 1) if named else [1] * sql.count("?")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if "ladder" in name:  # these live in a file of their own
            connection.executescript(QUERIES["ladder_schema"])
        connection.execute(f"EXPLAIN {sql}", parameters)  # type: ignore[arg-type]  # typeshed's is private


def test_every_query_is_used() -> None:
    folder = Path(sqlite.__path__[0])
    used = {name for file in folder.glob("*.py") for name in re.findall(r'query\("(\w+)"\)', file.read_text())}

    assert QUERIES.keys() == used


def test_there_is_no_sql_in_python() -> None:
    verbs = re.compile(r'"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|COMMIT|ROLLBACK|WITH)\b[^"]*[ "]')
    folder = Path(sqlite.__path__[0])

    assert [
        (file.name, verbs.findall(file.read_text())) for file in folder.glob("*.py") if verbs.search(file.read_text())
    ] == []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("status", "SEARCH call USING INTEGER PRIMARY KEY"),
        ("queued_calls", "USING INDEX call_queued"),
        ("live_calls", "USING INDEX call_live"),
        ("calls_since", "call_by_tenant (tenant_id=? AND created_at>?)"),
        ("idempotent_answer", "SEARCH idempotency USING PRIMARY KEY (tenant_id=? AND key=?)"),
        ("purge_calls", "USING INDEX call_by_tenant (tenant_id=? AND created_at<?)"),
        ("is_enabled", "SEARCH app USING PRIMARY KEY (app_key=?)"),
        ("recording_is_wanted", "SEARCH recording USING INTEGER PRIMARY KEY"),
        ("recording_commands_after", "SEARCH recording_note USING INTEGER PRIMARY KEY"),
        ("unfinished_recordings", "USING INDEX recording_unfinished"),
        ("outlived_recordings", "USING INDEX recording_kept (tenant_id=? AND ended_at<?)"),
        ("recordings", "USING INDEX recording_by_tenant (tenant_id=? AND serial<?)"),
    ],
)
def test_what_is_asked_often_is_never_searched_for_in_all_calls(path: Path, name: str, way: str) -> None:
    sql = QUERIES[name]
    named = re.findall(r":([a-z_]+)", sql)
    parameters: object = dict.fromkeys(named, 1) if named else [1] * sql.count("?")
    with closing(sqlite3.connect(path)) as connection:
        plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]  # type: ignore[arg-type]  # typeshed's is private

    assert any(way in step for step in plan), plan
    assert not any(re.match(r"SCAN (call|c)\b(?!.* USING INDEX call_(queued|live))", step) for step in plan), plan


def test_two_queries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two queries are named a"):
        parse("-- name: a\nSELECT 1\n-- name: a\nSELECT 2\n")


async def _lead(store: SqliteStore, serial: int, *signals: s.Signal) -> Told:
    await store.intake().place(Intent(numbered(serial)))
    told = Told(store.journal(asyncio.get_running_loop()), numbered(serial))
    return await _lead_on(store, told, *signals)


async def _lead_on(store: SqliteStore, told: Told, *signals: s.Signal) -> Told:
    told.tell(*signals)
    await told.journal.drained()
    assert store.reader().call(told.call.serial) == told.call
    return told
