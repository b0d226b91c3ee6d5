"""Changes asked for by coroutines: many share one transaction, and each is answered once it is durable."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from twoleg.adapters.store.sqlite.connection import open_writer
from twoleg.adapters.store.sqlite.group_writer import GroupWriter, tell
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.trouble import Trouble
from twoleg.adapters.store.sqlite.writes import PATIENCE
from twoleg.application.errors import ApplicationError, StoreUnavailable

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Request(Generic[Answer]):
    act: Callable[[sqlite3.Connection], Answer | ApplicationError]
    """Does one thing inside a transaction. An error it returns, not raises, is an answer too and undoes nothing."""
    loop: asyncio.AbstractEventLoop
    answered: asyncio.Future[Answer]
    answer: Answer | Exception | None = None


class AskedWriter:
    """One thread writes for all; while the file cannot be written it refuses, with nothing stored.

    A caller that stops waiting (cancelled) may still have its change made: it asked for it.
    """

    def __init__(self, *, path: Path, name: str, rest: float, log: StoreLog) -> None:
        """`rest`: seconds between a commit and the next, in which others get their turn at the write lock."""
        self._writer: GroupWriter[_Request[Any]] = GroupWriter(
            _Work(), connect=lambda: open_writer(path), name=name, log=log, patience=PATIENCE, rest=lambda _asked: rest
        )

    @property
    def troubles(self) -> Counter[Trouble]:
        """Refused batches so far, by kind of trouble."""
        return self._writer.troubles

    async def ask(self, act: Callable[[sqlite3.Connection], Answer | ApplicationError]) -> Answer:
        """What `act` answers, once it is durable. Raises what it returned as an error, and `StoreUnavailable`."""
        if self._writer.is_closing:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        request: _Request[Answer] = _Request(act, loop, loop.create_future())
        self._writer.put(request)
        return await request.answered

    def close(self) -> None:
        """Answer what was asked, then end the thread."""
        self._writer.close()


class _Work:
    """What the writer's thread does."""

    def write(self, connection: sqlite3.Connection, batch: Sequence[_Request[Any]]) -> None:
        for request in batch:
            request.answer = request.act(connection)

    def written(self, batch: Sequence[_Request[Any]]) -> None:
        _tell(batch)

    def unwritable(self, item: _Request[Any], error: Exception) -> None:
        item.answer = error
        _tell([item])

    def gives_up(self, batch: Sequence[_Request[Any]], trouble: Trouble, **_always: object) -> bool:
        for request in batch:
            request.answer = StoreUnavailable(f"the store cannot be written: {trouble.value}")
        _tell(batch)
        return True


def _tell(batch: Iterable[_Request[Any]]) -> None:
    """Answer on the loops that asked: one wake-up for each loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Request[Any]]] = {}
    for request in batch:
        by_loop.setdefault(request.loop, []).append(request)
    for loop, requests in by_loop.items():
        tell(loop, partial(_resolve, requests))


def _resolve(requests: Sequence[_Request[Any]]) -> None:
    for request in requests:
        if request.answered.done():  # its caller stopped waiting
            continue
        if isinstance(request.answer, Exception):
            request.answered.set_exception(request.answer)
        else:
            request.answered.set_result(request.answer)
