"""The README's console blocks, run line by line in one shell: what it shows is what comes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patience import eventually, now

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PORTS = (8080, 5060, 5070)
_DONE = "\x01done\x01"
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Command:
    """One line behind a `$`, and what the README says comes of it."""

    line: str
    shown: tuple[str, ...]


def commands() -> list[Command]:
    found = []
    for block in re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, *shown = part.splitlines()
            found.append(Command(line, tuple(shown)))
    return found


_MASKS = (
    (r" in [\d.]+ ms", " in MILLISECONDS ms"),
    (r'"AccessToken":"[^"]+"', '"AccessToken":"..."'),
    (r"\bt[0-9a-f]{16}\b", "TENANT"),
    (r"\b[0-9a-f]{32,64}\b", "HEX"),
    (r"\b\d{18,19}\b", "SERIAL"),
    (r"\b\d{10,13}\b", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "MOMENT"),
    (r" *\d+\.\d s\b", " SECONDS"),
)


def masked(text: str, folder: str) -> str:
    """Without what differs from run to run."""
    for pattern, instead in _MASKS:
        text = re.sub(pattern, instead, text)
    return text.replace(folder, "FOLDER").replace("/home/you/twoleg", "FOLDER").rstrip()


def lasting(lines: list[str]) -> list[str]:
    """Without the looks at a living call: on a busy machine they come too early or too late to see just that."""
    return [line for line in lines if not re.search(r'SECONDS  state [012]|"state":[012]', line)]


class Shell:
    """One bash, given a line at a time."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("TWOLEG_")},
        )

    def run(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\nprintf '\\n{_DONE}%s\\n' $?\n")
        self._process.stdin.flush()
        said, give_up = "", now() + _PATIENCE
        for part in self._process.stdout:
            if part.startswith(_DONE):
                assert part.strip() == f"{_DONE}0", f"$ {line}\n{said}{part}"
                return said.rstrip("\n")
            said += part
            assert now() < give_up, said
        raise AssertionError(f"the shell ended in: {line}\n{said}")

    def close(self) -> None:
        self._process.communicate(timeout=_PATIENCE)


def free_port(kind: socket.SocketKind, *, near: int) -> int:
    """Below the ports that the system gives away itself, so that no neighbour gets it before the service does."""
    for port in range(20000 + near + os.getpid() % 1000, 32000):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


@pytest.fixture
def tour(tmp_path: Path) -> Iterator[Tour]:
    made = Tour(tmp_path)
    yield made
    made.close()


class Tour:
    """A folder like a fresh clone after `make`, whose example listens on free ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_DGRAM)
        self._ports = {
            str(port): str(free_port(kind, near=100 * place))
            for place, (port, kind) in enumerate(zip(PORTS, kinds, strict=True))
        }
        (folder / "twoleg.example.toml").write_text(self.here((ROOT / "twoleg.example.toml").read_text()))
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / ".venv" / "bin" / "twoleg").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m twoleg "$@"\n')
        (folder / ".venv" / "bin" / "twoleg").chmod(0o755)
        self._shell = Shell(folder)
        self._service: subprocess.Popen[str] | None = None

    def here(self, text: str) -> str:
        """With the ports of this run."""
        for port, ours in self._ports.items():
            text = text.replace(f":{port}", f":{ours}")
        return text

    def run(self, command: Command) -> list[str]:
        line = self.here(command.line)
        said = self._serve(line) if line.endswith("twoleg serve") else self._shell.run(line)
        return masked(said, str(self.folder)).splitlines()

    def _serve(self, line: str) -> str:
        said = self.folder / "said"
        with said.open("w") as stdout, (self.folder / "log").open("w") as stderr:
            self._service = subprocess.Popen(line.split(), cwd=self.folder, stdout=stdout, stderr=stderr, text=True)
        assert eventually(lambda: said.read_text().endswith("\n"), seconds=_PATIENCE), (self.folder / "log").read_text()
        return said.read_text().rstrip()

    def close(self) -> None:
        self._shell.close()
        if self._service is not None:
            log = self.folder / "log"
            self._service.send_signal(signal.SIGTERM)
            assert eventually(lambda: '"draining"' in log.read_text() or self._service_is_over(), seconds=_PATIENCE)
            self._service.send_signal(signal.SIGTERM)  # the calls that still live need not be waited for
            assert self._service.wait(_PATIENCE) == 0

    def _service_is_over(self) -> bool:
        return self._service is None or self._service.poll() is not None


def test_what_the_readme_shows_is_what_comes(tour: Tour) -> None:
    for command in commands():
        came = tour.run(command)
        shown = masked(tour.here("\n".join(command.shown)), str(tour.folder)).splitlines()
        if lasting(shown) or not shown:
            assert lasting(came) == lasting(shown), f"$ {command.line}"
        else:
            assert len(came) == len(shown), f"$ {command.line}"


def test_the_tour_covers_every_path_of_the_interface() -> None:
    lines = "\n".join(command.line for command in commands())
    for path in ("tokenByAkSk", "v1/mobileAgent/createCall", "v3/mobileAgent/createCall", "queryCallState"):
        assert path in lines
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert path in lines
