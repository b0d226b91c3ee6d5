"""`twoleg` commands as processes of their own that start in milliseconds: forked from one that has imported everything.

Importing takes nearly all of the time that a command needs to start, and tests start hundreds. What runs is what
`python -m twoleg ARGUMENTS` runs, with its own memory, descriptors, environment and process id; the end-to-end
tests start some from the shell as well.

with Fork.start("serve", "--config", path, stdout=file) as process:
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_REQUEST = 1 << 20
_STANDARD = 3
"""Descriptors of a process: input, output, errors."""


class Fork:
    """One process; the like of a `subprocess.Popen`. It is killed when whoever started it is gone."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.pid = int(line.recv(64))
        self.returncode: int | None = None

    @classmethod
    def start(
        cls, *arguments: str, stdout: int | IO[Any], stderr: int | IO[Any], environ: Mapping[str, str] | None = None
    ) -> Fork:
        """Run `twoleg ARGUMENTS` without input, writing to those; `environ` is added to ours."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {"arguments": arguments, "cwd": str(Path.cwd()), "environ": {**os.environ, **(environ or {})}}
        outputs = [out if isinstance(out, int) else out.fileno() for out in (stdout, stderr)]
        with theirs, Path(os.devnull).open("rb") as nothing:
            socket.send_fds(_server(), [json.dumps(request).encode()], [theirs.fileno(), nothing.fileno(), *outputs])
        return cls(ours)

    def poll(self) -> int | None:
        """Its exit status as `subprocess` has it, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit status; raises `subprocess.TimeoutExpired` after so many seconds."""
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                self.returncode = int(self._line.recv(64))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout) from None
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


@cache
def _server() -> socket.socket:
    """The line to this test process's own warm process, which ends with us."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen([sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()])

    def leave() -> None:
        ours.close()
        process.wait()

    atexit.register(leave)
    return ours


class _Server:
    """The warm process: forks, tells process ids and exit statuses, kills whose starter is gone."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._lines: dict[int, socket.socket] = {}
        self._ready = selectors.DefaultSelector()
        self._ready.register(line, selectors.EVENT_READ)
        woken, waker = socket.socketpair()
        for end in (woken, waker):
            end.settimeout(0)
        self._woken = woken
        self._ready.register(woken, selectors.EVENT_READ)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends those who ask, and so us

    def run(self) -> None:
        """Until nobody can ask any more."""
        while True:
            for key, _ in self._ready.select():
                if key.fileobj is self._woken:
                    self._woken.recv(4096)
                    self._bury()
                elif key.fileobj is not self._line:
                    self._abandon(key.data)
                elif not self._serve():
                    self._leave()
                    return

    def _serve(self) -> bool:
        request, descriptors, _, _ = socket.recv_fds(self._line, _LONGEST_REQUEST, 1 + _STANDARD)
        if not request:
            return False
        line, *standard = descriptors
        pid = os.fork()
        if pid == 0:
            self._become(json.loads(request), standard)
        for descriptor in standard:
            os.close(descriptor)
        told = self._lines[pid] = socket.socket(fileno=line)
        with contextlib.suppress(ConnectionError):
            told.send(str(pid).encode())
        self._ready.register(told, selectors.EVENT_READ, pid)
        return True

    def _become(self, request: dict[str, Any], standard: list[int]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number)
        os.closerange(_STANDARD, os.sysconf("SC_OPEN_MAX"))
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environ"])
        sys.argv = ["twoleg", *request["arguments"]]
        code = 1
        try:
            code = main()
        except SystemExit as exited:
            code = exited.code if isinstance(exited.code, int) else 1
        except BaseException:  # a process of its own ends here, whatever it was
            sys.excepthook(*sys.exc_info())
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _bury(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._tell(*ended)

    def _tell(self, pid: int, status: int) -> None:
        line = self._lines.pop(pid, None)
        if line is None:  # abandoned
            return
        self._ready.unregister(line)
        with line, contextlib.suppress(ConnectionError):
            line.send(str(os.waitstatus_to_exitcode(status)).encode())

    def _abandon(self, pid: int) -> None:
        """Nobody writes to us there: it is the end of whoever started that one."""
        if pid in self._lines:
            self._ready.unregister(self._lines.pop(pid))
            os.kill(pid, signal.SIGKILL)

    def _leave(self) -> None:
        for pid in self._lines:
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    from twoleg.__main__ import main

    for warm in ("twoleg.bootstrap.serve", "twoleg.cli.app"):
        import_module(warm)
    gc.freeze()
    _Server(socket.socket(fileno=int(sys.argv[1]))).run()
