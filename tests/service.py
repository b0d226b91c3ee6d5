"""The real service for tests: `twoleg serve` in processes of its own, its command line, and a client of its HTTP face.

with Service.start(tmp_path, trunks=[Trunk("carrier", phone.uri)]) as service, service.client() as client:
    serial = client.create_call("88889050", "88889060")
    assert client.until(serial, state=3)["reasonCode"] == 0
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Self

import httpx

import witness
from forks import Fork
from patience import eventually, wall_clock_ms
from twoleg.application.sweep_overdue import CLOSED, TOLD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ACCESS_CODE = "640003"
"""What phones are shown unless a call says otherwise."""

TOKEN_PATH = "/apigovernance/api/oauth/tokenByAkSk"
CREATE_PATH = "/apiaccess/CC-Management/v1/mobileAgent/createCall"
QUERY_PATH = "/apiaccess/CC-Management/v1/mobileAgent/queryCallState"

_READY = re.compile(r"^twoleg ready +http://(?P<http>\S+) +sip udp:(?P<host>[\d.]+):(?P<port>\d+)", re.MULTILINE)
_PATIENCE = 60.0
"""Seconds for a start, a stop, a command: generous, because the machine may be busy; nothing normally takes two."""

_ASK_EVERY = 0.02
"""Seconds between two queries of a client that waits for a state."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """One way out to phones, as the configuration says it."""

    name: str
    uri: str
    prefixes: tuple[str, ...] = ("",)
    username: str | None = None
    password: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)
    """Its other keys: strings, numbers, truths, lists of those."""

    def toml(self) -> str:
        """Its table."""
        members = {
            "name": self.name,
            "uri": self.uri,
            "prefixes": list(self.prefixes),
            "username": self.username,
            "password": self.password,
            **self.more,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in members.items() if value is not None]
        return "\n".join(["[[trunk]]", *lines])


def write_config(
    folder: Path,
    *,
    trunks: Sequence[Trunk] = (),
    timers: Mapping[str, float] | None = None,
    sip: str = 'listen = "udp:127.0.0.1:0"',
    more: str = "",
) -> Path:
    """A configuration in `folder`: free ports on loopback, the store beside it. `more` is TOML for the end of it.

    Without a table [service] in it a stop waits for no call, and none is refused on a busy machine.

    Without a table [webhooks] in it nobody delivers any, and without [media] phones send to each other: those processes
    would only cost each test their start.
    """
    path = folder / "twoleg.toml"
    parts = [
        '[http]\nlisten = "127.0.0.1:0"',
        f'[store]\nurl = "sqlite:///{folder}/twoleg.db"',
        f"[sip]\n{sip}",
        *([] if "[service]" in more else ["[service]\ndrain = 0\nsetup_delay = 0"]),
        '[log]\nlevel = "debug"',
        "[timers]\n" + "\n".join(f"{name} = {seconds}" for name, seconds in (timers or {}).items()),
        *(trunk.toml() for trunk in trunks),
        *([] if "[webhooks]" in more else ["[webhooks]\nenabled = false"]),
        *([] if "[media]" in more else ['[media]\nmode = "direct"']),
        more,
    ]
    path.write_text("\n\n".join(parts) + "\n")
    return path


@dataclass(slots=True)
class Service:
    """A running `twoleg serve`. Use it in a `with`: leaving the block stops it."""

    process: Fork | subprocess.Popen[bytes]
    config: Path
    http: str
    """host:port of the HTTP face."""
    sip: tuple[str, int]
    """Where it speaks SIP."""

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        trunks: Sequence[Trunk] = (),
        timers: Mapping[str, float] | None = None,
        sip: str = 'listen = "udp:127.0.0.1:0"',
        more: str = "",
        is_cold: bool = False,
    ) -> Self:
        """Write a configuration into `folder` and serve by it; returns once the service says that it is ready."""
        return cls.serve(write_config(folder, trunks=trunks, timers=timers, sip=sip, more=more), is_cold=is_cold)

    @classmethod
    def serve(cls, config: Path, *options: str, is_cold: bool = False) -> Self:
        """Serve by that configuration, with those options; output and log go into its folder, after what is there.

        `is_cold`: started as a user starts it, for what concerns a program's start (its environment, its libraries).
        """
        said, logged = config.with_name("said.txt"), config.with_name("log.jsonl")
        said.write_bytes(b"")
        with said.open("wb") as stdout, logged.open("ab") as stderr:
            arguments = ("serve", *options, "--config", str(config))
            process = (
                _cold(arguments, stdout, stderr) if is_cold else Fork.start(*arguments, stdout=stdout, stderr=stderr)
            )
        try:
            ready = eventually(
                lambda: _READY.search(said.read_text()) is not None,
                unless=lambda: process.poll() is not None,
                seconds=_PATIENCE,
            )
        except BaseException:  # the test's own time is over: nothing of it stays behind
            process.kill()
            process.wait(_PATIENCE)
            raise
        found = _READY.search(said.read_text())
        if not ready or found is None:
            process.kill()
            process.wait(_PATIENCE)
            raise AssertionError(f"the service did not start:\n{said.read_text()}\n{logged.read_text()[-3000:]}")
        return cls(process, config, found["http"], (found["host"], int(found["port"])))

    def cli(self, *arguments: str, expect: int = 0) -> Any:
        """What that command prints with `--json`, decoded; fails unless it exits with `expect`."""
        with TemporaryFile() as printed, TemporaryFile() as complained:
            environ = {"TWOLEG_CONFIG": str(self.config)}
            process = Fork.start(*arguments, "--json", stdout=printed, stderr=complained, environ=environ)
            try:
                code = process.wait(_PATIENCE)
            finally:
                process.kill()
            said, errors = (_all_of(file) for file in (printed, complained))
        assert code == expect, f"{arguments} ended with {code}:\n{errors}"
        return json.loads(said) if said.strip() else None

    def client(self, *, profile: str = "aicc", access_codes: Sequence[str] = (ACCESS_CODE,)) -> Client:
        """A client with a tenant, an app and a token of its own, as an operator and an integrator make them."""
        codes = [word for code in access_codes for word in ("--access-code", code)]
        name = f"{profile} {wall_clock_ms()}"
        tenant = self.cli("tenant", "create", name, *codes, "--profile", profile)["tenant_id"]
        app = self.cli("app", "create", "--tenant", tenant)
        return Client.with_token(f"http://{self.http}", app["app_key"], app["app_secret"])

    def log(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        lines = self.config.with_name("log.jsonl").read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def faults(self) -> list[dict[str, Any]]:
        """The lines of its log that tell of a fault of its own: none, in a sound service."""
        return [line for line in self.log() if line.get("level") in ("error", "critical")]

    def child(self, name: str) -> int:
        """The process id of a child: "engine", "api", "sandbox"."""
        assert eventually(lambda: bool(self._pids(name)), seconds=_PATIENCE), f"no child {name} in the log"
        return self._pids(name)[-1]

    def _pids(self, name: str) -> list[int]:
        """As the log has them by now; its lines take a moment to arrive."""
        return [int(line["pid"]) for line in self.log() if line.get("child") == name and "pid" in line]

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)

    def kill(self) -> None:
        """SIGKILL, as a power cut would; the children notice and die as well."""
        self.process.kill()
        self.process.wait(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.stop()
        finally:
            self.kill()
        if kind is None:
            assert self.overdue() == [], "a call outlived its timers"

    def overdue(self) -> list[dict[str, Any]]:
        """What the sweeper had to say: nothing, whatever a test does to the service."""
        return [line for line in self.log() if line.get("event") in (TOLD, CLOSED)]


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _cold(arguments: Sequence[str], stdout: IO[bytes], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "twoleg", *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)


@dataclass(slots=True)
class Client:
    """An integrator's program. Use it in a `with`."""

    connection: httpx.Client = field(repr=False)

    @classmethod
    def with_token(cls, base: str, app_key: str, app_secret: str) -> Self:
        """Log in."""
        connection = httpx.Client(base_url=base, timeout=_PATIENCE)
        answer = connection.post(TOKEN_PATH, json={"app_key": app_key, "app_secret": app_secret})
        assert answer.status_code == 200, answer.text
        connection.headers["Authorization"] = f"Bearer {answer.json()['AccessToken']}"
        return cls(connection)

    def post(self, path: str, **members: object) -> dict[str, Any]:
        """The decoded answer; fails unless it is HTTP 200."""
        answer = self.connection.post(path, json=members)
        assert answer.status_code == 200, f"{path} {members}: {answer.status_code} {answer.text}"
        body: dict[str, Any] = answer.json()
        return body

    def create_call(self, caller: str, called: str, **members: object) -> str:
        """The serial of a call that was accepted."""
        answer = self.post(CREATE_PATH, caller=caller, called=called, **members)
        assert answer["retCode"] == "0", answer
        serial: str = answer["result"]["callSerialNo"]
        return serial

    def query(self, serial: str) -> dict[str, Any]:
        """`result` of queryCallState."""
        answer = self.post(QUERY_PATH, callSerialNo=serial)
        assert answer["retCode"] == "0", answer
        result: dict[str, Any] = answer["result"]
        witness.answer(serial, result)
        return result

    def until(self, serial: str, *, state: int, seconds: float = 15.0) -> dict[str, Any]:
        """`result` as soon as the call has reached that state, or one behind it."""
        found: dict[str, Any] = {}

        def reached() -> bool:
            found.clear()
            found.update(self.query(serial))
            return bool(found["state"] >= state)

        assert eventually(reached, seconds=seconds, every=_ASK_EVERY), (
            f"call {serial} never reached state {state}: {found}"
        )
        return found

    def close(self) -> None:
        """Hang up the connection."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
