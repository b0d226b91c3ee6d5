"""The children's log on its way out: a reader of it that stalls may cost lines, but never a child's time.

A child writes into a pipe, and drops (and counts) lines while that is full; the supervisor passes the pipe on.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

_SET_PIPE_SIZE: Final = 1031
"""F_SETPIPE_SZ of Linux; Python knows it by name from 3.10 on, but not on every platform."""
_PIPE_SIZE: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024
_LONGEST_LINE: Final = 1024 * 1024
_GATHER: Final = 0.02
"""Seconds between two reads of a pipe: one write for many lines."""
_LAST_WORDS: Final = 2.0
"""Seconds to wait for the rest of a pipe that was closed."""


class Onto(Protocol):
    """Where a log writes its lines to."""

    def write(self, line: bytes, /) -> object:
        """One or more whole lines."""

    def flush(self) -> object:
        """See to it that they are gone."""


class PatientPipe:
    """The writing end of a pipe, as an `Onto` that never waits."""

    def __init__(self, descriptor: int) -> None:
        """Anything but a pipe is written to as it is: it is shared with others, who may not care for our ways."""
        self._descriptor = descriptor
        self._rest = b""
        self._dropped = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._gathered: list[bytes] = []
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.set_blocking(descriptor, False)
            with suppress(OSError):
                fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_SIZE)

    def gather(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on the lines of one turn of this loop, which runs in this thread, go out together, until `ungather`.

        A system call for each line would be a tenth of what a call costs.
        """
        self._loop, self._thread = loop, threading.get_ident()

    def ungather(self) -> None:
        """Let out what was gathered; each line goes out by itself again. Harmless when nothing was gathered."""
        self._loop = None
        self._let_out()

    def write(self, line: bytes, /) -> int:
        """Take a line, now or not at all. Answers the bytes that go out at once, or with this turn of the loop."""
        if self._loop is None or threading.get_ident() != self._thread:
            return self._put(line)
        if not self._gathered:
            self._loop.call_soon(self._let_out)
        self._gathered.append(line)
        return len(line)

    def _let_out(self) -> None:
        if self._gathered:
            lines, self._gathered = b"".join(self._gathered), []
            self._put(lines)

    def _put(self, line: bytes) -> int:
        if self._rest and not self._finish():
            self._dropped += line.count(b"\n")
            return 0
        told = self._report() + line
        try:
            sent = os.write(self._descriptor, told)
        except OSError:  # full, or nobody reads any more
            self._dropped += line.count(b"\n")
            return 0
        self._dropped = 0
        self._rest = told[sent:]
        return sent

    def flush(self) -> None:
        """Nothing is held back, except the end of a line that found the pipe full; it goes first next time."""
        if self._rest:
            self._finish()

    def _finish(self) -> bool:
        with suppress(OSError):
            self._rest = self._rest[os.write(self._descriptor, self._rest) :]
        return not self._rest

    def _report(self) -> bytes:
        if not self._dropped:
            return b""
        return b'{"level":"warning","event":"log lines dropped: nobody took them","lines":%d}\n' % self._dropped


class Relay:
    """Passes on, in whole lines, what is written into pipes of its making; one thread for each."""

    def __init__(self, descriptor: int) -> None:
        """Lines go to `descriptor`, at whatever speed it is read."""
        self._descriptor = descriptor
        self._turn = threading.Lock()

    def open(self, name: str) -> RelayedPipe:
        """A new pipe, passed on from now to its end."""
        reading, writing = os.pipe()
        thread = threading.Thread(target=self._pass_on, args=(reading,), name=f"log of {name}", daemon=True)
        thread.start()
        return RelayedPipe(writing, thread)

    def _pass_on(self, source: int) -> None:
        rest = b""
        pause = threading.Event()
        while chunk := os.read(source, _CHUNK):
            lines, newline, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) > _LONGEST_LINE:
                lines, newline, rest = lines + newline + rest, b"\n", b""
            if newline:
                self._write(lines + newline)
            pause.wait(_GATHER)
        if rest:
            self._write(rest + b"\n")
        os.close(source)

    def _write(self, lines: bytes) -> None:
        with self._turn, suppress(OSError):  # nobody listens to us any more: that must not end the calls
            while lines:
                lines = lines[os.write(self._descriptor, lines) :]


@dataclass(slots=True)
class RelayedPipe:
    """A pipe that a `Relay` empties."""

    descriptor: int
    """The end to write to; closed once it was given to a child."""
    thread: threading.Thread

    def close(self) -> None:
        """Our copy of the writing end. Again is harmless."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def finish(self) -> None:
        """Close, and wait until everything was passed on; not for long, for its reader may be stuck. Blocks."""
        self.close()
        self.thread.join(_LAST_WORDS)
