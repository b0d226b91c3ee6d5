"""Group commit: a thread that writes; whatever arrives while one transaction becomes durable shares the next one."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from twoleg.adapters.store.sqlite.connection import pause, transaction
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.trouble import Trouble, trouble_of

_LARGEST_BATCH = 256
"""Items a transaction may hold: about 10 ms of the write lock."""
_FIRST_REST = 0.01
_LONGEST_REST = 0.5
"""Seconds between two tries for a file in trouble: doubling from the first to the longest."""

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)


def tell(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Run the callback on a loop of another thread; on a closed loop nobody is left to be told."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)


class Work(Protocol[Item_contra]):
    """What a group writer does with its items. Everything here runs in the writer's thread."""

    def write(self, connection: sqlite3.Connection, batch: Sequence[Item_contra]) -> None:
        """Write the items, in order, inside a transaction that the caller makes. May be asked again after an error."""

    def written(self, batch: Sequence[Item_contra]) -> None:
        """The items are durable."""

    def unwritable(self, item: Item_contra, error: Exception) -> None:
        """The item itself is at fault: it cannot be written, however often one tries. Nothing of it was."""

    def gives_up(self, batch: Sequence[Item_contra], trouble: Trouble, *, closing: bool, tries: int) -> bool:
        """Told after each failed try that nothing of the batch was written; True: do not try it again."""


class GroupWriter(Generic[Item]):
    """Hands items, in order and in batches, to its `Work`; opens the file anew after trouble, so it heals by itself."""

    def __init__(
        self,
        work: Work[Item],
        *,
        connect: Callable[[], sqlite3.Connection],
        name: str,
        log: StoreLog,
        patience: float,
        rest: Callable[[int], float] = lambda _items: 0.0,
    ) -> None:
        """`patience`: seconds to wait for the write lock; `rest`: seconds to pause after a batch of so many items."""
        self._work = work
        self._connect = connect
        self._log = log
        self._patience = patience
        self._rest = rest
        self._inbox: SimpleQueue[Item | None] = SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._closing = False
        self._in_trouble: set[Trouble] = set()
        self.troubles: Counter[Trouble] = Counter()
        """Failed tries so far, by kind of trouble."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_closing(self) -> bool:
        """Whether `close` was called: what is put now may never be looked at."""
        return self._closing

    def put(self, item: Item) -> None:
        """Take an item; returns at once. From any thread."""
        self._inbox.put(item)

    def close(self) -> None:
        """Write what was put, then end the thread. How long trouble may hold this up is the work's to say."""
        self._closing = True
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        while not (self._closing and self._inbox.empty()):
            batch = self._collect()
            if batch:
                self._store(batch)
                pause(self._rest(len(batch)))
        self._disconnect()

    def _collect(self) -> list[Item]:
        """The next batch, waiting for its first item; empty when only the call to close came."""
        first = self._inbox.get()
        batch = [] if first is None else [first]
        while len(batch) < _LARGEST_BATCH:
            try:
                item = self._inbox.get_nowait()
            except Empty:
                break
            if item is not None:
                batch.append(item)
        return batch

    def _store(self, batch: Sequence[Item]) -> None:
        tries, rest = 0, _FIRST_REST
        while (trouble := self._try(batch)) is not None:
            tries += 1
            if self._work.gives_up(batch, trouble, closing=self._closing, tries=tries):
                return
            pause(rest)
            rest = min(rest * 2, _LONGEST_REST)

    def _try(self, batch: Sequence[Item]) -> Trouble | None:
        """One transaction for all of them, or when an item is at fault, one for each."""
        try:
            self._transact(batch)
        except Exception as error:  # noqa: BLE001 - sorted below; nothing may end this thread
            trouble = trouble_of(error)
            if trouble is not None:
                self._note(trouble, error, held=len(batch) + self._inbox.qsize())
            elif len(batch) == 1:
                self._work.unwritable(batch[0], error)
            else:
                self._store_singly(batch)
            return trouble
        self._note_recovery()
        self._work.written(batch)
        return None

    def _store_singly(self, batch: Sequence[Item]) -> None:
        for item in batch:
            self._store([item])

    def _transact(self, batch: Sequence[Item]) -> None:
        if self._connection is None:
            self._connection = self._connect()
        with transaction(self._connection, patience=self._patience):
            self._work.write(self._connection, batch)

    def _note(self, trouble: Trouble, error: Exception, *, held: int) -> None:
        self._disconnect()
        self.troubles[trouble] += 1
        if trouble not in self._in_trouble:
            self._in_trouble.add(trouble)
            self._log.warning("store cannot be written", trouble=trouble.value, error=str(error), held=held)

    def _note_recovery(self) -> None:
        if self._in_trouble:
            self._log.info("store can be written again", troubles=sorted(trouble.value for trouble in self._in_trouble))
            self._in_trouble.clear()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
