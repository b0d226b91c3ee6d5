"""The API's side: new calls and wished hang-ups, many in one transaction, each answered once it is durable."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from twoleg.adapters.store.sqlite import placing
from twoleg.adapters.store.sqlite.asking import AskedWriter
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.trouble import Trouble
from twoleg.application.ports import Intent, Placed
from twoleg.domain.tenant import Refused

_REQUEST_HANGUP = query("request_hangup")

_REST = 0.001
"""Seconds between a commit and the next: a flood of new calls leaves the engine its turns at the write lock."""


class SqliteIntake:
    """The `CallIntake`. One thread writes for all; while the file cannot be written it refuses, with nothing stored.

    A caller that stops waiting (cancelled) may still have its call placed: it asked for it.
    """

    def __init__(self, *, path: Path, log: StoreLog) -> None:
        self._writer = AskedWriter(path=path, name="intake", rest=_REST, log=log)

    @property
    def troubles(self) -> Counter[Trouble]:
        """Refused batches so far, by kind of trouble."""
        return self._writer.troubles

    async def place(self, intent: Intent) -> Placed | Refused:
        """See `CallIntake.place`. Raises `NotFound` too, for a tenant that does not exist."""
        return await self._writer.ask(lambda connection: placing.place(connection, intent))

    async def request_hangup(self, serial: int, *, at: int) -> None:
        """See `CallIntake.request_hangup`."""
        await self._writer.ask(lambda connection: connection.execute(_REQUEST_HANGUP, (at, serial)).rowcount)

    def close(self) -> None:
        """Answer what was asked, then end the thread."""
        self._writer.close()
