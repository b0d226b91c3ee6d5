"""Where child processes come from: forked from one that has imported what they need, so that they work in milliseconds.

Importing is nearly all of a child's start, and after a crash all calls wait for it. The nursery is forked off the
supervisor before that has threads or a loop, has neither itself, and holds no socket but the line it is asked on.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Final, NoReturn

import msgspec

_LONGEST_REQUEST: Final = 1 << 20
_MOST_DESCRIPTORS: Final = 250
"""SCM_MAX_FD of Linux is 253."""
_STATUS: Final = 64
_STANDARD: Final = 3
"""Input, output, errors: every process must be given these."""
_AS_PYTHON_HAS_THEM: Final[dict[signal.Signals, Callable[..., object] | signal.Handlers]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGCHLD: signal.SIG_DFL,
}
"""The nursery cares for none of these: it ends with its line. Its children start with them as after an exec."""

Body = Callable[[str], int]
"""What a forked process does with the word it was asked for; answers its exit code."""
Warm = Callable[[str], object]
"""What the nursery does before it forks the first one for a word: import."""


class _Request(msgspec.Struct, frozen=True):
    word: str
    numbers: tuple[int, ...]
    """Which descriptors the process shall find its gifts at, in the order in which they come."""


class NurseryGoneError(Exception):
    """Nothing can be forked any more: start processes another way."""


def open_nursery(body: Body, warm: Warm) -> socket.socket:
    """Fork a nursery; answers the line to `ask` it on, which ends it when closed. Call it without threads or a loop."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        _close_all_but(theirs.fileno())
        os.setpgid(0, 0)  # Ctrl-C in a terminal is the supervisor's, not ours
        _leave(lambda: nurse(theirs, body, warm))
    theirs.close()
    return ours


def nurse(line: socket.socket, body: Body, warm: Warm) -> int:
    """Be a nursery until the other end of `line` is closed. Those it forked live on."""
    _Nurse(line, body, warm).run()
    return 0


def ask(line: socket.socket, word: str, gifts: Mapping[int, int]) -> socket.socket:
    """Have a process forked that does its body with `word`; `gifts`: its descriptor number -> ours.

    Answers a line on which its process id comes as a decimal number, and when it has ended its exit code (negative: the
    signal). The line's end without that says that the nursery is gone.
    Raises `NurseryGoneError`.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    request = msgspec.json.encode(_Request(word, tuple(gifts)))
    with theirs:
        try:
            socket.send_fds(line, [request], [theirs.fileno(), *gifts.values()])
        except OSError as error:
            ours.close()
            raise NurseryGoneError(str(error)) from error
    return ours


class Forked:
    """A process that a nursery forked; the like of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        """`line` as `ask` answers it, its first word read."""
        self.pid = pid
        self._line = line
        self._handle: int | None = None
        with suppress(ProcessLookupError):  # it has ended, and the line knows how
            self._handle = os.pidfd_open(pid)  # means that process even after its number is somebody else's
        self._ended = asyncio.create_task(self._end())

    @classmethod
    async def start(cls, line: socket.socket, word: str, gifts: Mapping[int, int]) -> Forked:
        """Raises `NurseryGoneError`."""
        own = ask(line, word, gifts)
        own.settimeout(0)
        try:
            told = await asyncio.get_running_loop().sock_recv(own, _STATUS)
            return cls(int(told), own)
        except (ValueError, OSError) as error:
            own.close()
            raise NurseryGoneError("it ended before it forked") from error

    @property
    def returncode(self) -> int | None:
        """Its exit code once it has ended."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Its exit code; minus SIGKILL when nobody is left who knows it."""
        return await asyncio.shield(self._ended)

    async def _end(self) -> int:
        told = await asyncio.get_running_loop().sock_recv(self._line, _STATUS)
        if self._handle is not None:
            if not told:
                await _readable(self._handle)
            os.close(self._handle)
            self._handle = None
        self._line.close()
        return int(told or -signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM. Raises `ProcessLookupError` when it has ended."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL. Raises `ProcessLookupError` when it has ended."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._handle is None:
            raise ProcessLookupError(self.pid)
        signal.pidfd_send_signal(self._handle, number)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    loop.add_reader(descriptor, seen.set)
    try:
        await seen.wait()
    finally:
        loop.remove_reader(descriptor)


class _Nurse:
    """Forks, tells process ids and exit codes."""

    def __init__(self, line: socket.socket, body: Body, warm: Warm) -> None:
        self._line, self._body, self._warm = line, body, warm
        self._told: dict[int, socket.socket] = {}
        self._ready = selectors.DefaultSelector()

    def run(self) -> None:
        woken, waker = socket.socketpair()
        for end in (woken, waker):
            end.settimeout(0)
        for number in _AS_PYTHON_HAS_THEM:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker.fileno())
        for readable in (self._line, woken):
            self._ready.register(readable, selectors.EVENT_READ)
        while True:
            for key, _ in self._ready.select():
                if key.fileobj is woken:
                    woken.recv(4096)
                    self._bury()
                elif not self._serve():
                    return

    def _serve(self) -> bool:
        request, gifts, _, _ = socket.recv_fds(self._line, _LONGEST_REQUEST, _MOST_DESCRIPTORS)
        if not request:
            return False
        wanted = msgspec.json.decode(request, type=_Request)
        with suppress(ImportError):  # the process itself says it better
            self._warm(wanted.word)
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _AS_PYTHON_HAS_THEM)  # until the new one has its handlers
        pid = os.fork()
        if pid == 0:
            _leave(lambda: _become(wanted, gifts[1:], self._body, held))
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        for descriptor in gifts[1:]:
            os.close(descriptor)
        self._told[pid] = socket.socket(fileno=gifts[0])
        self._tell(pid, pid)
        return True

    def _bury(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                self._tell(pid, os.waitstatus_to_exitcode(status))
                self._told.pop(pid).close()

    def _tell(self, pid: int, number: int) -> None:
        with suppress(ConnectionError):
            self._told[pid].send(str(number).encode())


def _become(wanted: _Request, gifts: list[int], body: Body, mask: set[int]) -> int:
    """In the new process: nothing of the nursery's but its memory, then the body."""
    signal.set_wakeup_fd(-1)
    for signalled, handler in _AS_PYTHON_HAS_THEM.items():
        signal.signal(signalled, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    above = max(*gifts, *wanted.numbers) + 1
    aside = [fcntl.fcntl(gift, fcntl.F_DUPFD, above) for gift in gifts]
    _close_all_but(*aside)
    for descriptor, number in zip(aside, wanted.numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return body(wanted.word)


def _close_all_but(*kept: int) -> None:
    """Those, in ascending order, and the standard ones."""
    for below, above in pairwise((_STANDARD - 1, *kept, os.sysconf("SC_OPEN_MAX"))):
        os.closerange(below + 1, above)


def _leave(act: Callable[[], int]) -> NoReturn:
    """Do that and end this process, without the cleaning up that is its parent's to do."""
    code = 1
    try:
        code = act()
    except SystemExit as wished:
        code = wished.code if type(wished.code) is int else 1
    except BaseException:  # noqa: BLE001 - the last frame of a process: it is told, and the process ends with 1
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
