"""A SQLite file under test, looked at from outside, and other processes that use it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.clock import DrivenClock
from fakes.log import NotedLog
from fakes.sealer import OpenSealer
from twoleg.adapters.store.sqlite import SqliteStore, open_store
from twoleg.domain.tenant import Profile, Tenant

TESTS = Path(__file__).parent.parent


def opened(path: Path, log: NotedLog | None = None) -> SqliteStore:
    return open_store(f"sqlite:///{path}", clock=DrivenClock(), logger=log or NotedLog(), sealer=OpenSealer())


def with_tenant(path: Path, log: NotedLog | None = None) -> SqliteStore:
    """A new store with one tenant, `t1`."""
    store = opened(path, log)
    tenant = Tenant(tenant_id="t1", name="one", profile=Profile.AICC, access_codes=("640003",))
    store.registry().add_tenant(tenant, at=1)
    return store


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What stands in the file, read past all of our code."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else holds the write lock."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


def said(running: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert running.stdout is not None
    return running.stdout.readline().strip()


def tell(running: subprocess.Popen[str], line: str) -> None:
    """Give a process a line."""
    assert running.stdin is not None
    running.stdin.write(f"{line}\n")
    running.stdin.flush()


@contextmanager
def process(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Another Python that runs a program of tests/store; killed in the end if it still runs."""
    command = [sys.executable, str(Path(__file__).parent / program), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as running:
        try:
            yield running
        finally:
            running.kill()
