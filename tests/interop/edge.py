"""The edge for tests: Kamailio by the configuration in deploy/kamailio, on free loopback ports, with users and peers.

with Edge.start(tmp_path, users={"88889050": "secret", ENGINE: "open"}, carriers=[phone.uri]) as edge:
    ...  # phones register at edge.address("tls"), engines call through edge.address("udp")
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from interop.sipp import LOOPBACK
from interop.sockets import tcp_ports_of, udp_ports_of
from patience import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENGINE, REALM = "engine", "twoleg"
CONFIGURATION = Path(__file__).parents[2] / "deploy" / "kamailio" / "kamailio.cfg"
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(slots=True)
class Edge:
    """A running Kamailio. Use it in a `with`: leaving the block stops it."""

    process: subprocess.Popen[bytes]
    folder: Path
    ports: Mapping[str, int]
    """By transport: udp and tcp share one, tls, wss."""

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        users: Mapping[str, str],
        certificate: Path,
        ca: Path,
        engines: Sequence[str] = (),
        carriers: Sequence[str] = (),
        ping_every: int = 0,
    ) -> Self:
        """Start it and return once it listens.

        Args:
            folder: where its files and its log go.
            users: passwords by name; ENGINE is the one that engines call as.
            certificate: its own, with key, in PEM.
            ca: whose certificates it trusts.
            engines: their SIP URIs.
            carriers: theirs, the first one first.
            ping_every: seconds between two OPTIONS to each peer; 0: none.

        Raises:
            AssertionError: it is not installed, or did not start; holds its log.
        """
        binary = shutil.which("kamailio", path=f"{os.environ['PATH']}:{_SYSTEM_FOLDERS}")
        assert binary, "kamailio is not installed: run `make test` once, or install the package kamailio"
        room = folder / "edge"
        _write_files(room, users=users, engines=engines, carriers=carriers)
        ports = {"udp": free_port(), "tls": free_port(), "wss": free_port()}
        ports["tcp"] = ports["udp"]
        words = {
            **{f"LISTEN_{name.upper()}": f"{_SOCKET[name]}:{LOOPBACK}:{port}" for name, port in ports.items()},
            "TLS_CERTIFICATE": f'"{certificate}"',
            "TLS_KEY": f'"{certificate}"',
            "TLS_CA": f'"{ca}"',
            "USERS": f'"text://{room / "users"}"',
            "PEERS": f'"{room / "dispatcher.list"}"',
            "CONTROL": f'"unix:{room / "ctl"}"',
            "PING_EVERY": str(ping_every),
        }
        defines = [word for name, value in words.items() for word in ("-A", f"{name}={value}")]
        with (room / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [binary, "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(room), "-f", str(CONFIGURATION), *defines],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        edge = cls(process, room, ports)
        if not eventually(edge._listens, unless=lambda: process.poll() is not None, seconds=20):
            edge.stop()
            raise AssertionError(f"kamailio did not start:\n{edge.log()}")
        return edge

    def _listens(self) -> bool:
        tcp = set(tcp_ports_of(self.process.pid))
        return self.ports["udp"] in udp_ports_of(self.process.pid) and set(self.ports.values()) <= tcp

    def address(self, transport: str) -> tuple[str, int]:
        """Where it listens for that transport: udp, tcp, tls, wss."""
        return LOOPBACK, self.ports[transport]

    def uri(self, transport: str = "udp") -> str:
        """The same as a trunk's uri."""
        parameter = "" if transport == "udp" else f";transport={transport}"
        return f"sip:{LOOPBACK}:{self.ports[transport]}{parameter}"

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log.txt").read_text(errors="replace")

    def faults(self) -> list[str]:
        """The lines of its log that tell of a fault."""
        return [line for line in self.log().splitlines() if " ERROR:" in line or " CRITICAL:" in line]

    def stop(self) -> None:
        """End it and its children."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


_SOCKET = {"udp": "udp", "tcp": "tcp", "tls": "tls", "wss": "tls"}


def _write_files(room: Path, *, users: Mapping[str, str], engines: Sequence[str], carriers: Sequence[str]) -> None:
    """The users' file and the list of peers, as the README of deploy/kamailio tells an operator to."""
    (room / "users").mkdir(parents=True)
    lines = [f"{name}:{_hash(name, password)}" for name, password in users.items()]
    (room / "users" / "subscriber").write_text("\n".join(["username(string) ha1(string)", *lines]) + "\n")
    peers = [f"1 {uri} 0 0" for uri in engines]
    peers += [f"2 {uri} 0 {priority}" for priority, uri in zip(range(len(carriers), 0, -1), carriers, strict=True)]
    (room / "dispatcher.list").write_text("\n".join([*peers, ""]))


def _hash(name: str, password: str) -> str:
    """HA1 of RFC 7616 3.4.2."""
    return hashlib.md5(f"{name}:{REALM}:{password}".encode()).hexdigest()


def free_port(host: str = LOOPBACK) -> int:
    """Below those that the kernel gives away, and free for UDP as for TCP."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind((host, port))
                tcp.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")
