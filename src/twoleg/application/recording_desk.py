"""The engine's side of recordings: what media adapters ask and tell, and what was asked by API or operator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import Clock
from twoleg.application.recording import CallRecorder
from twoleg.application.recording_book import RecordingBook, RecordingReader
from twoleg.domain.recording import Command
from twoleg.domain.signals import Faulted, RecordingNews, RecordingTold, Signal

_TRIES = 120
_REST = 0.5
"""Seconds between two tries to note something in a store in trouble."""
_NEWS = {
    Command.PAUSE: RecordingNews.PAUSED,
    Command.RESUME: RecordingNews.RESUMED,
    Command.STOP: RecordingNews.STOPPED,
}
"""What is told as soon as it was asked: from then on nothing more is heard. A start is told when the relay began."""


class DeskLog(Protocol):
    """structlog's way of calling."""

    def warning(self, event: str, /, **facts: Any) -> Any:
        """A call is not recorded though it should be; the call goes on."""

    def error(self, event: str, /, **facts: Any) -> Any:
        """Something could not be noted, or raised."""


class Desk:
    """The `RecordingDesk`. Everything is noted by tasks of the running loop; nothing blocks."""

    def __init__(
        self,
        *,
        book: RecordingBook,
        make_folder: Callable[[int], Path],
        tell: Callable[[int, Signal], None],
        clock: Clock,
        log: DeskLog,
    ) -> None:
        """`make_folder` makes a call's spool folder; raises `OSError`. `tell` passes a signal on to a call."""
        self._book = book
        self._make_folder = make_folder
        self._tell = tell
        self._clock = clock
        self._log = log
        self._notes: set[asyncio.Task[None]] = set()

    def is_wanted(self, serial: int) -> bool:
        """See `RecordingDesk.is_wanted`. In doubt, for the store cannot be read: no, and the log says so."""
        try:
            return self._book.is_wanted(serial)
        except StoreUnavailable as trouble:
            self._log.error("cannot look whether a call is to be recorded", call=serial, why=str(trouble))
            return False

    def spool(self, serial: int) -> Path:
        """See `RecordingDesk.spool`."""
        return self._make_folder(serial)

    def began(self, serial: int) -> None:
        """See `RecordingDesk.began`."""
        at = self._clock.now_ms()

        async def note() -> None:
            if await self._book.began(serial, at=at):
                self._tell(serial, RecordingTold(RecordingNews.STARTED))

        self._note(serial, note)

    def failed(self, serial: int, why: str) -> None:
        """See `RecordingDesk.failed`."""
        at = self._clock.now_ms()
        self._log.warning("a call cannot be recorded", call=serial, why=why)
        self._tell(serial, RecordingTold(RecordingNews.FAILED, why))
        self._note(serial, lambda: self._book.failed(serial, why, at=at, is_over=False))

    def captured(self, serial: int) -> None:
        """See `RecordingDesk.captured`."""
        at = self._clock.now_ms()
        self._note(serial, lambda: self._book.captured(serial, at=at))

    async def part(self) -> None:
        """Wait until everything told so far is noted."""
        while self._notes:
            await asyncio.gather(*self._notes)

    def _note(self, serial: int, note: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.get_running_loop().create_task(self._insist(serial, note))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _insist(self, serial: int, note: Callable[[], Awaitable[None]]) -> None:
        """A store in trouble is tried again; without the note the recorder still finds the captures."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return await note()
            except StoreUnavailable as trouble:
                if not tries_left:
                    self._log.error("cannot note what became of a recording", call=serial, why=str(trouble))
            await asyncio.sleep(_REST)
        return None


class RecordingCommands:
    """Hands on what was asked of recordings of living calls, in order, each once."""

    def __init__(
        self,
        *,
        book: RecordingReader,
        recorder: CallRecorder,
        tell: Callable[[int, Signal], None],
        is_living: Callable[[int], bool],
        log: DeskLog,
    ) -> None:
        """What was asked of a dead engine's calls is over with them."""
        self._book = book
        self._recorder = recorder
        self._tell = tell
        self._is_living = is_living
        self._log = log
        self._position = book.newest_position()

    def look(self) -> None:
        """Look for what is new. Raises `StoreUnavailable`."""
        for asked in self._book.asked_after(self._position):
            self._position = asked.position
            if self._is_living(asked.serial):
                self._hand_on(asked.serial, asked.command)

    def _hand_on(self, serial: int, command: Command) -> None:
        """What raises ends that call: nobody may believe in a pause that was not made."""
        try:
            self._recorder.record(serial, command)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this call's alone
            self._log.error("fault while handing on a command to record", call=serial, exc_info=error)
            self._tell(serial, Faulted(f"{type(error).__name__} while handing on {command.value}"))
            return
        news = _NEWS.get(command)
        if news is not None:
            self._tell(serial, RecordingTold(news))
