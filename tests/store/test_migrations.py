"""Opening a file: what is migrated, what is refused, and in which words."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from fakes.clock import DrivenClock
from fakes.log import NotedLog
from store.files import opened, rows, with_tenant
from twoleg.adapters.store.sqlite import UnusableStore, open_store
from twoleg.adapters.store.sqlite.migrations import Migration, known_migrations, migrate

FIRST = Migration(number=1, name="first", sql="CREATE TABLE one (x INTEGER) STRICT;\n")
SECOND = Migration(
    number=2, name="second", sql="-- A comment; with a semicolon.\nCREATE TABLE two (x);\nINSERT INTO one VALUES (2);\n"
)
BROKEN = Migration(number=3, name="broken", sql="CREATE TABLE three (x);\nINSERT INTO nowhere VALUES (1);\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "twoleg.db"


def migrated(path: Path, *known: Migration) -> NotedLog:
    log = NotedLog()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, known, now_ms=DrivenClock().now_ms(), log=log)
    return log


def tables(path: Path) -> set[object]:
    return {name for (name,) in rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_a_new_file_gets_every_migration_and_says_so(path: Path) -> None:
    log = migrated(path, FIRST, SECOND)

    assert tables(path) == {"migration", "one", "two"}
    assert rows(path, "SELECT number, name, checksum FROM migration") == [
        (1, "first", FIRST.checksum),
        (2, "second", SECOND.checksum),
    ]
    assert log.events("info") == ["store migrated"] * 2


def test_an_older_file_gets_only_what_it_lacks(path: Path) -> None:
    migrated(path, FIRST)

    log = migrated(path, FIRST, SECOND)

    assert rows(path, "SELECT x FROM one") == [(2,)]
    assert len(log.lines) == 1


def test_a_current_file_is_left_alone(path: Path) -> None:
    migrated(path, FIRST, SECOND)

    assert migrated(path, FIRST, SECOND).lines == []
    assert rows(path, "SELECT x FROM one") == [(2,)]


def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    migrated(path, FIRST)

    with pytest.raises(sqlite3.OperationalError):
        migrated(path, FIRST, SECOND, BROKEN)

    assert tables(path) == {"migration", "one"}
    assert rows(path, "SELECT x FROM one") == []


def test_a_script_that_ends_inside_a_statement_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="ends inside a statement"):
        migrated(path, Migration(number=1, name="cut off", sql="CREATE TABLE one (x"))

    assert tables(path) == set()


def test_the_releases_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in known_migrations()] == list(range(1, len(known_migrations()) + 1))


def test_a_file_of_a_newer_release_is_refused(path: Path) -> None:
    with_tenant(path).close()
    _change(path, "INSERT INTO migration VALUES (99, 'of tomorrow', 'abc', 1)")

    with pytest.raises(UnusableStore, match=r"a newer release wrote it \(schema 99, this release knows \d+\): upgrade"):
        opened(path)


def test_a_file_with_another_history_is_refused(path: Path) -> None:
    with_tenant(path).close()
    _change(path, "UPDATE migration SET checksum = 'abc' WHERE number = 1")

    with pytest.raises(UnusableStore, match=r"its migration 1 \(calls_and_tenants\) is not the one of this release"):
        opened(path)


def test_a_sqlite_file_of_something_else_is_refused_and_untouched(path: Path) -> None:
    _change(path, "CREATE TABLE song (title TEXT)")

    with pytest.raises(UnusableStore, match="it is a SQLite file of something else"):
        opened(path)

    assert tables(path) == {"song"}


def test_a_file_that_is_no_database_is_refused_and_untouched(path: Path) -> None:
    path.write_text("Dear diary, " * 1000)

    with pytest.raises(UnusableStore, match="it is damaged or no SQLite file"):
        opened(path)

    assert path.read_text() == "Dear diary, " * 1000


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableStore, match=f"there is no folder {tmp_path / 'nowhere'}"):
        opened(tmp_path / "nowhere" / "twoleg.db")


def test_a_folder_in_the_files_place_is_refused(path: Path) -> None:
    path.mkdir()

    with pytest.raises(UnusableStore, match="it cannot be opened"):
        opened(path)


@pytest.mark.parametrize("url", ["postgres://x/y", "sqlite:", "sqlite://x", "sqlite:///", "sqlite:///:memory:", ""])
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(UnusableStore, match=r"must be sqlite:////absolute/path or sqlite:///relative/path"):
        open_store(url, clock=DrivenClock(), logger=NotedLog())


def test_a_relative_url_means_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    open_store("sqlite:///calls.db", clock=DrivenClock(), logger=NotedLog()).close()

    assert (tmp_path / "calls.db").exists()


@pytest.mark.parametrize("name", ["what?.db", "50%.db", "a#b.db", "söngür 电话.db"])
def test_a_path_with_odd_characters_is_taken_literally(tmp_path: Path, name: str) -> None:
    with_tenant(tmp_path / name).close()

    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    store = with_tenant(path)

    files = [path, *path.parent.glob("twoleg.db-*")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()


def test_a_closed_store_leaves_one_file(path: Path) -> None:
    store = with_tenant(path)
    store.reader()
    store.intake()
    store.close()
    store.close()

    assert list(path.parent.iterdir()) == [path]


def _change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)
