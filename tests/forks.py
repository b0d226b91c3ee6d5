"""`twoleg` commands as processes of their own that start in milliseconds: forked from one that has imported everything.

Importing takes nearly all of the time that a command needs to start, and tests start hundreds; so they use the
service's own nursery for it. What runs is what `python -m twoleg ARGUMENTS` runs, with its own memory, descriptors,
environment and process id; the end-to-end tests start some from the shell as well.

with Fork.start("serve", "--config", path, stdout=file) as process:
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from twoleg.bootstrap.nursery import ask, nurse

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fork:
    """One process; the like of a `subprocess.Popen`."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.pid = int(line.recv(64))
        self.returncode: int | None = None

    @classmethod
    def start(
        cls, *arguments: str, stdout: int | IO[Any], stderr: int | IO[Any], environ: Mapping[str, str] | None = None
    ) -> Fork:
        """Run `twoleg ARGUMENTS` without input, writing to those; `environ` is added to ours."""
        request = {"arguments": arguments, "cwd": str(Path.cwd()), "environ": {**os.environ, **(environ or {})}}
        outputs = [out if isinstance(out, int) else out.fileno() for out in (stdout, stderr)]
        with Path(os.devnull).open("rb") as nothing:
            return cls(ask(_nursery(), json.dumps(request), dict(enumerate([nothing.fileno(), *outputs]))))

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
def _nursery() -> socket.socket:
    """The line to this test process's own, which ends with us."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen([sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()])

    def leave() -> None:
        ours.close()
        process.wait()

    atexit.register(leave)
    return ours


def _command(word: str) -> int:
    """In the new process."""
    request = json.loads(word)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    bend()
    sys.argv = ["twoleg", *request["arguments"]]
    return main()


if __name__ == "__main__":
    from bent import bend
    from twoleg.__main__ import main
    from twoleg.bootstrap import child

    import_module("twoleg.cli.app")
    import_module("twoleg.bootstrap.serve")
    for role in child.COMMANDS.values():
        child.warm(role)
    nurse(socket.socket(fileno=int(sys.argv[1])), _command, str)
