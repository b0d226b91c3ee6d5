"""Calls that outlived their timers, as the sweeper finds, notes and closes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.asking import AskedWriter
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.step_work import write_steps
from twoleg.application.sweep_overdue import End
from twoleg.domain.call import Phase

_LATE = query("late_calls")
_COUNT = query("count_overdue")
_NOTICE = query("notice_overdue")
_CLOSE = query("close_overdue")
_CALL = query("call")


class SqliteOverdueBook:
    """The `OverdueBook`; reads by one thread at a time."""

    def __init__(self, reads: Reads, writer: AskedWriter) -> None:
        self._reads = reads
        self._writer = writer

    def late(self, before: int) -> Sequence[int]:
        """See `OverdueBook.late`."""
        return [serial for (serial,) in self._reads.all(_LATE, before)]

    def count(self) -> int:
        """See `OverdueBook.count`."""
        row = self._reads.one(_COUNT)
        return 0 if row is None else int(row[0])

    async def notice(self, serial: int, *, at: int) -> bool:
        """See `OverdueBook.notice`."""
        return await self._writer.ask(lambda connection: connection.execute(_NOTICE, (serial, at)).rowcount > 0)

    async def close(self, serial: int, end: End, *, at: int) -> bool:
        """See `OverdueBook.close`."""
        return await self._writer.ask(lambda connection: _closed(connection, serial, end, at))


def _closed(connection: sqlite3.Connection, serial: int, end: End, at: int) -> bool:
    call = rows.call_from(connection.execute(_CALL, (serial,)).fetchone())
    if call.phase is Phase.ENDED:
        return False
    write_steps(connection, [end(call)], durable={})
    connection.execute(_CLOSE, (serial, at, at))
    return True
