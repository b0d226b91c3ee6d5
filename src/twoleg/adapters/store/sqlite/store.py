"""The way in: opens (and migrates) the file, and hands out the adapters that stand behind the ports."""

from __future__ import annotations

import asyncio

from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.application.ports import CallIntake, CallJournal, CallReader, Clock, Directory, Registry


class SqliteStore:
    """One open file. Each process opens its own; nothing of it may cross a fork.

    What it hands out shares nothing but the file. `close` ends all of it; journal and intake first write what they hold.
    """

    def journal(self, loop: asyncio.AbstractEventLoop) -> CallJournal:
        """The engine's side; callbacks run on `loop`. One per file: one engine process writes the living calls."""
        raise NotImplementedError

    def intake(self) -> CallIntake:
        """The API's side; its coroutines run on whatever loop awaits them."""
        raise NotImplementedError

    def reader(self) -> CallReader:
        """Reads of committed calls; one thread at a time."""
        raise NotImplementedError

    def directory(self) -> Directory:
        """Tenants, apps and keys as committed; one thread at a time."""
        raise NotImplementedError

    def registry(self) -> Registry:
        """Changes to tenants, apps and keys; one thread at a time."""
        raise NotImplementedError

    def purge(self, now_ms: int) -> int:
        """Delete one small slice of what outlived its tenant's retention; answers how many calls went.

        Takes a few ms and blocks: run it in a thread, again soon while the answer is not 0, else about once a minute.
        Raises `StoreUnavailable`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Write what is held, then close. Waits a bounded time for a store in trouble; harmless when repeated."""
        raise NotImplementedError


def open_store(url: str, *, clock: Clock, logger: StoreLog) -> SqliteStore:
    """Open the file, creating or migrating it as needed; safe when several processes do so at once.

    `url` is `sqlite:////absolute/path` or `sqlite:///relative/path`. Raises `UnusableStore` with one clear line.
    """
    raise NotImplementedError
