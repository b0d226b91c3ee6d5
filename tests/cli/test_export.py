"""`twoleg export`: call detail records as files that are whole or not there, and that no spreadsheet runs."""

from __future__ import annotations

import asyncio
import builtins
import csv
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.files import opened
from twoleg.adapters.export.csv_file import GUARD, STARTS_FORMULA, guarded
from twoleg.application.call_records import DETAIL_COLUMNS
from twoleg.application.ports import Intent, Placed
from twoleg.cli import export as export_command
from twoleg.cli.errors import Usage
from twoleg.domain.call import Call, EndedBy, Leg, Phase, Role
from twoleg.domain.machine import Step
from twoleg.domain.reasons import Reason
from twoleg.domain.serials import make_serial
from twoleg.domain.tenant import Profile, Tenant
from twoleg.domain.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]

NOON = int(datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000


def ended_call(number: int, *, at: int, tenant_id: str = "t1", **facts: Any) -> Call:
    call = Call(
        serial=make_serial(now_ms=at, node_id=1, chance=number),
        tenant_id=tenant_id,
        agent=Leg(Role.AGENT, f"+49{number}", clip="640003", dialled_at=at, sip_status=200, ended_by=EndedBy.SERVICE),
        customer=Leg(Role.CUSTOMER, f"+86{number}", clip="640003", sip_status=486, cause=17),
        created_at=at,
        phase=Phase.ENDED,
        started_at=at,
        ended_at=at + 1_400,
        reason=Reason.CUSTOMER_FAILED,
        cause=17,
    )
    return replace(call, **facts)


@pytest.fixture
def stored(config: Path) -> Callable[[Iterable[Call]], None]:
    """Put these ended calls of the tenants t1 and t2 into the store."""

    def put(calls: Iterable[Call]) -> None:
        store = opened(config.with_name("twoleg.db"))
        for tenant_id in ("t1", "t2"):
            if store.directory().tenant(tenant_id) is None:
                tenant = Tenant(tenant_id, name=tenant_id, profile=Profile.AICC, access_codes=("640003",))
                store.registry().add_tenant(tenant, at=1)
        asyncio.run(_put(store, list(calls)))
        store.close()

    return put


async def _put(store: Any, calls: list[Call]) -> None:
    intake, journal = store.intake(), store.journal(asyncio.get_running_loop())
    queued = [
        replace(call, phase=Phase.QUEUED, started_at=None, ended_at=None, reason=None, cause=None) for call in calls
    ]
    for placed in await asyncio.gather(*(intake.place(Intent(call)) for call in queued)):
        assert isinstance(placed, Placed)
    for call in calls:
        journal.append(Step(call), lambda: None)
    await journal.drained()


def exported(twoleg: Twoleg, tmp_path: Path, *arguments: str) -> list[dict[str, str]]:
    output = tmp_path / "calls.csv"
    ended = twoleg("export", "--from", "2026-11-01T12:00Z", "--output", str(output), *arguments)
    assert ended.code == 0, ended.complained
    with output.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_record_has_all_its_columns_in_the_documented_order(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]
) -> None:
    call = ended_call(1, at=NOON, call_data="order 7")
    stored([call])

    (row,) = exported(twoleg, tmp_path)

    assert tuple(row) == DETAIL_COLUMNS
    assert {name: value for name, value in row.items() if value} == {
        "serial": str(call.serial),
        "tenant_id": "t1",
        "caller": "+491",
        "called": "+861",
        "caller_present": "640003",
        "agent_present": "640003",
        "call_data": "order 7",
        "created_at": str(NOON),
        "started_at": str(NOON),
        "ended_at": str(NOON + 1_400),
        "reason": "3",
        "cause": "17",
        "agent_dialled_at": str(NOON),
        "agent_sip_status": "200",
        "agent_ended_by": "service",
        "customer_sip_status": "486",
        "customer_cause": "17",
    }


def test_the_columns_are_written_down(pytestconfig: pytest.Config) -> None:
    page = pytestconfig.rootpath.joinpath("docs", "export.md").read_text(encoding="utf-8")
    listed = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]

    assert tuple(listed) == DETAIL_COLUMNS


def test_lines_end_as_rfc_4180_has_it_and_texts_keep_their_commas_quotes_and_lines(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]
) -> None:
    text = 'a,"b"\nc\r\n中文'
    stored([ended_call(1, at=NOON, call_data=text)])

    (row,) = exported(twoleg, tmp_path)

    assert row["call_data"] == text
    raw = (tmp_path / "calls.csv").read_bytes()
    assert raw.startswith(b"serial,tenant_id,")
    assert raw.endswith(b"\r\n")


def test_what_outsiders_wrote_does_not_become_a_formula(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]
) -> None:
    call = ended_call(1, at=NOON, call_data='=HYPERLINK("http://evil.example")')
    stored([replace(call, customer=replace(call.customer, sip_reason="@SUM(1)"))])

    (row,) = exported(twoleg, tmp_path)

    assert row["call_data"] == '\'=HYPERLINK("http://evil.example")'
    assert row["customer_sip_reason"] == "'@SUM(1)"
    assert row["caller"] == "+491"


@given(st.text())
def test_a_guarded_text_begins_no_formula_and_can_be_read_back(text: str) -> None:
    cell = guarded(text)

    assert not cell.startswith(STARTS_FORMULA)
    assert (cell[1:] if cell.startswith(GUARD) else cell) == text


def test_the_window_begins_with_its_first_moment_and_ends_before_its_last(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]
) -> None:
    stored(ended_call(number, at=NOON + at) for number, at in enumerate((-1, 0, HOUR - 1, HOUR)))

    rows = exported(twoleg, tmp_path, "--to", "2026-11-01T14:00+01:00")

    assert [row["caller"] for row in rows] == ["+491", "+492"]


def test_records_come_in_the_order_of_placing(twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]) -> None:
    stored(ended_call(number, at=NOON + (7 * number) % 5) for number in range(5))

    times = [int(row["created_at"]) for row in exported(twoleg, tmp_path)]

    assert times == sorted(times)


def test_one_tenants_records_or_everybodys(twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]) -> None:
    stored([ended_call(1, at=NOON), ended_call(2, at=NOON, tenant_id="t2")])

    assert {row["tenant_id"] for row in exported(twoleg, tmp_path)} == {"t1", "t2"}
    assert {row["tenant_id"] for row in exported(twoleg, tmp_path, "--tenant", "t2")} == {"t2"}


def test_calls_that_live_are_not_exported(twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]) -> None:
    stored([ended_call(1, at=NOON)])
    twoleg("call", "1", "2", "--tenant", "t1")

    assert len(exported(twoleg, tmp_path)) == 1


def test_parquet_has_the_same_columns_with_types_and_texts_as_they_were(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]
) -> None:
    call = ended_call(1, at=NOON, call_data="=1+1")
    stored([call])
    output = tmp_path / "calls.parquet"

    told = twoleg("export", "--from", "2026-11-01", "--format", "parquet", "--output", str(output), "--json").json

    assert told == {"output": str(output), "format": "parquet", "records": 1}
    table = pq.read_table(output)
    assert tuple(table.column_names) == DETAIL_COLUMNS
    (row,) = table.to_pylist()
    assert row["serial"] == call.serial
    assert row["created_at"] == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert (row["reason"], row["call_data"], row["talking_at"]) == (3, "=1+1", None)


@pytest.mark.parametrize("wanted", ["csv", "parquet"])
def test_many_records_are_all_there_once_whatever_the_slices(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None], monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr("twoleg.adapters.store.sqlite.call_records._SLICE", 7)
    monkeypatch.setattr("twoleg.adapters.export.parquet_file.ROWS_A_GROUP", 14)
    stored(ended_call(number, at=NOON + number // 3) for number in range(50))
    output = tmp_path / "calls"

    assert (
        twoleg("export", "--from", "2026-11-01", "--format", wanted, "-o", str(output), "--json").json["records"] == 50
    )

    if wanted == "csv":
        callers = [row["caller"] for row in csv.DictReader(output.read_text().splitlines())]
    else:
        callers = pq.read_table(output)["caller"].to_pylist()
    assert callers == [f"+49{number}" for number in range(50)]


def test_nothing_to_export_is_a_file_with_a_header(twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]) -> None:
    stored([])

    assert exported(twoleg, tmp_path) == []
    assert (tmp_path / "calls.csv").read_text().startswith("serial,")


def test_the_file_is_for_its_owners_eyes_and_nothing_lies_beside_it(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]
) -> None:
    stored([ended_call(1, at=NOON)])
    folder = tmp_path / "exports"
    folder.mkdir()
    exported(twoleg, folder)

    assert list(folder.iterdir()) == [folder / "calls.csv"]
    assert stat.S_IMODE((folder / "calls.csv").stat().st_mode) == 0o600


def test_an_export_that_breaks_off_leaves_the_file_as_it_was(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored([ended_call(1, at=NOON)])
    folder = tmp_path / "exports"
    folder.mkdir()
    output = folder / "calls.csv"
    output.write_text("last month's")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("twoleg.adapters.export.csv_file.CsvFile.add", full)
    ended = twoleg("export", "--from", "2026-11-01", "--output", str(output))

    assert ended.code == 1
    assert f"{output}: cannot be written: No space left on device" in ended.complained
    assert output.read_text() == "last month's"
    assert list(folder.iterdir()) == [output]


def test_without_pyarrow_the_remedy_is_named_and_no_file_is_left(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored([])
    folder = tmp_path / "exports"
    folder.mkdir()
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith(("pyarrow", "twoleg.adapters.export.parquet_file")):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    ended = twoleg("export", "--from", "2026-11-01", "--format", "parquet", "--output", str(folder / "x.parquet"))

    assert ended.code == 1
    assert "pip install 'twoleg[parquet]'" in ended.complained
    assert list(folder.iterdir()) == []


def test_a_long_export_says_how_far_it_is_where_it_disturbs_no_machine(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_command, "SILENT_MS", 0)
    stored([ended_call(1, at=NOON)])

    ended = twoleg("export", "--from", "2026-11-01", "--output", str(tmp_path / "calls.csv"), "--json")

    assert "1 calls written, up to 2026-11-01" in ended.complained
    assert ended.json["records"] == 1


def test_a_short_export_says_nothing_of_its_progress(
    twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]
) -> None:
    stored([ended_call(1, at=NOON)])

    ended = twoleg("export", "--from", "2026-11-01", "--output", str(tmp_path / "calls.csv"))

    assert ended.complained == ""
    assert ended.printed.startswith("1 call in ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01T12:00Z", NOON),
        ("2026-11-01T13:00:00+01:00", NOON),
        (str(NOON), NOON),
        ("2026-11-01 12:00:00.250+00:00", NOON + 250),
    ],
)
def test_times_are_iso_8601_or_ms(text: str, expected: int) -> None:
    assert export_command.moment("--from", text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "12:00", "-5", "0001-01-01"])
def test_what_is_no_time_is_wrong_use(text: str) -> None:
    with pytest.raises(Usage, match="--from"):
        export_command.moment("--from", text)


def test_wrong_use_is_told(twoleg: Twoleg, tmp_path: Path, stored: Callable[..., None]) -> None:
    stored([])
    output = str(tmp_path / "x.csv")

    assert twoleg("export", "--from", "2026-11-02", "--to", "2026-11-01", "--output", output).code == 2
    assert twoleg("export", "--from", "2026-11-02", "--output", output, "--format", "xml").code == 2
    assert twoleg("export", "--from", "2026-11-02").code == 2
    assert twoleg("export", "--from", "2026-11-02", "--output", str(tmp_path / "no" / "x.csv")).code == 1
