"""Requests that are answered without waiting for anything, all that came in one turn of the event loop in one go.

queryCallState is asked more often than all else together. A task, an event and an ASGI cycle for each such request cost
more than finding its answer.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from twoleg.api.asgi import Headers
from twoleg.api.http import Answer


class AtOnce(ABC):
    """A handler that waits for nothing. What it reads must be quick, for nothing else happens meanwhile."""

    @abstractmethod
    def answer(self, headers: Headers, body: bytes) -> Answer:
        """Answer one request. Raises `HttpError`."""

    async def __call__(self, headers: Headers, body: bytes) -> Answer:
        """The same as any other `Handler`."""
        return self.answer(headers, body)


@dataclass(slots=True)
class QuickRequest:
    """A request for such a handler, from the end of its head to its answer."""

    handler: AtOnce
    path: str
    headers: Headers
    keep_alive: bool
    body: bytearray = field(default_factory=bytearray)
    is_whole: bool = False


class Connection(Protocol):
    """One with a whole `QuickRequest`, or that had one when it came into the turn."""

    def answer_at_once(self) -> None:
        """Answer it, unless its client is gone by now."""


class Turn:
    """The connections whose requests came in this turn of the event loop.

    They are answered in the next one, not as they are parsed: reads of one turn share a snapshot of the store
    (`TurnReads`), and a snapshot taken for one request must not be older than the arrival of another.
    """

    def __init__(self) -> None:
        self._waiting: deque[Connection] = deque()

    def add(self, connection: Connection) -> None:
        """Its request is whole."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._answer)
        self._waiting.append(connection)

    def _answer(self) -> None:
        try:
            while self._waiting:
                self._waiting.popleft().answer_at_once()
        finally:
            if self._waiting:  # one raised, which the loop reports; it is no reason to forget the others
                asyncio.get_running_loop().call_soon(self._answer)
