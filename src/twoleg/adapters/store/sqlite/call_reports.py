"""Reports of calls: kept once each, and told after the call's end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from twoleg.adapters.store.sqlite.asking import AskedWriter
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.queries import query
from twoleg.application.call_reports import Report
from twoleg.domain.events import EventType

_ADD = query("add_report")
_IS_CALL = query("status")
_TELL = query("tell_report")
_COUNT = query("count_report")

_REST = 0.01
"""Seconds between two commits: there is no hurry about them."""
_TYPE = EventType.CALL_REPORTED.value


class SqliteCallReports:
    """The `CallReports`."""

    def __init__(self, *, path: Path, log: StoreLog) -> None:
        self._writer = AskedWriter(path=path, name="reports", rest=_REST, log=log)

    async def add(self, report: Report) -> bool:
        """See `CallReports.add`."""
        return await self._writer.ask(lambda connection: _add(connection, report))

    def close(self) -> None:
        """Write what was asked for, then end."""
        self._writer.close()


def tell_reports(connection: sqlite3.Connection, serials: Iterable[int]) -> None:
    """What was reported of those ended calls becomes their event, once. Inside a transaction."""
    for serial in serials:
        if connection.execute(_TELL, {"serial": serial, "type": _TYPE}).rowcount:
            connection.execute(_COUNT, {"serial": serial})


def _add(connection: sqlite3.Connection, report: Report) -> bool:
    facts = {
        "serial": report.serial,
        "tenant_id": report.tenant_id,
        "at": report.at,
        "cause": report.cause,
        "detail": report.detail,
    }
    if not connection.execute(_ADD, facts).rowcount:
        return connection.execute(_IS_CALL, (report.serial, report.tenant_id)).fetchone() is not None
    tell_reports(connection, [report.serial])
    return True
