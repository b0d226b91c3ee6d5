"""The phone that Debian ships (package baresip-core), a program of its own: steered over TCP, with a voice and an ear.

with DebianPhone.on_loopback(tmp_path / "customer", "88889060", hz=1000) as customer:
    customer.wait_for("CALL_ESTABLISHED")
    customer.tell("hangup")
assert customer.heard() == pytest.approx(440, abs=10)  # once the call is over: its recorder writes the length last
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import witness
from interop.edge import free_port
from interop.sipp import LOOPBACK
from interop.sockets import tcp_ports_of, udp_ports_of
from interop.tones import RATE, dominant_frequency, tone
from patience import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MODULES = "/usr/lib/baresip/modules"
"""Where Debian puts them, on every architecture."""

_COUNTED = re.compile(r"audio=\d+/(\d+) \(bit/s\)")

_VOICE = 20.0
"""Seconds of tone: longer than any talk of a test, for it is said once."""

_CONFIGURATION = """\
sip_listen {host}:{port}
sip_certificate {certificate}
sip_cafile {ca}
net_interface {host}
call_max_calls 2
audio_source aufile,{room}/says.wav
audio_player aubridge,nowhere
audio_alert aubridge,bell
audio_buffer 20-160
jitter_buffer_type off
jitter_buffer_delay 0-0
ausrc_srate {rate}
ausrc_channels 1
snd_path {room}/heard
ctrl_tcp_listen {host}:{control}
module_path {modules}
{voices}
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
"""
"""It says a file, plays what it hears to nobody, and records both (Debian's build has no player into a file)."""


@dataclass(frozen=True, slots=True)
class DebianCodec:
    """What it may speak, and how much of it a second of its recordings takes, in bytes."""

    module: str
    account: str
    recorded: int


G711 = DebianCodec("g711", "pcma,pcmu", 2 * RATE)
PCMA = DebianCodec("g711", "pcma", 2 * RATE)
PCMU = DebianCodec("g711", "pcmu", 2 * RATE)
G722 = DebianCodec("g722", "g722/16000/1", 2 * 16_000)
OPUS = DebianCodec("opus", "opus/48000/2", 2 * 2 * 48_000)


@dataclass(slots=True)
class DebianPhone:
    """A running phone. Use it in a `with`: leaving the block stops it."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    folder: Path
    user: str
    port: int
    """For UDP and TCP; TLS is at the next one."""
    codec: DebianCodec
    hz: float
    """What it says."""
    _unread: bytes = b""
    _said: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def on_loopback(
        cls,
        folder: Path,
        user: str,
        *,
        hz: float,
        answers: bool = True,
        transport: str = "udp",
        certificate: Path | None = None,
        ca: Path | None = None,
        codec: DebianCodec = G711,
        media: Sequence[str] = (),
        port: int | None = None,
    ) -> Self:
        """Start it and return once it listens.

        Args:
            folder: where its configuration, its log and its recordings go; made here, one per phone.
            user: the number it answers to.
            hz: the tone that it says.
            answers: by itself, at once; else when it is told to `accept`.
            transport: what it calls by and names in its Contact.
            certificate: its own, with key, in PEM.
            ca: whom it trusts.
            codec: the only one that it has.
            media: modules for another transport of its audio, each with its account parameters behind it:
                `srtp mediaenc=srtp-mand`.
            port: where it listens; None: where nobody else does.

        Raises:
            AssertionError: it is not installed, or did not start; holds its log.
        """
        binary = shutil.which("baresip")
        assert binary, "baresip is not installed: run `make test` once, or install the package baresip-core"
        port, control = port or free_pair(), free_port()
        (folder / "heard").mkdir(parents=True)
        tone(folder / "says.wav", hz, _VOICE)
        text = _CONFIGURATION.format(
            host=LOOPBACK,
            port=port,
            control=control,
            room=folder,
            certificate=certificate or "",
            ca=ca or "",
            modules=_MODULES,
            rate=RATE,
            voices="\n".join(f"module {each.partition(' ')[0]}.so" for each in (codec.module, *media)),
        )
        (folder / "config").write_text(text)
        mode = "auto" if answers else "manual"
        account = [f"<sip:{user}@{LOOPBACK}:{port};transport={transport}>", "regint=0", f"answermode={mode}"]
        account += [f"audio_codecs={codec.account}", *(word for each in media for word in each.split()[1:])]
        (folder / "accounts").write_text(";".join(account) + "\n")
        (folder / "contacts").write_text("")
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [binary, "-f", str(folder), "-v"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        listens = eventually(
            lambda: port in udp_ports_of(process.pid) and control in tcp_ports_of(process.pid),
            unless=lambda: process.poll() is not None,
            seconds=20,
        )
        if not listens:
            process.kill()
            process.wait()
            raise AssertionError(f"baresip did not start:\n{(folder / 'log.txt').read_text(errors='replace')}")
        connection = socket.create_connection((LOOPBACK, control), timeout=10)
        connection.settimeout(0)
        phone = cls(process, connection, folder, user, port, codec, hz)
        witness.phone(folder.name, phone.story)
        return phone

    def address(self, transport: str = "udp") -> tuple[str, int]:
        """Where it listens for that transport."""
        return LOOPBACK, self.port + 1 if transport == "tls" else self.port

    def tell(self, command: str, params: str = "") -> None:
        """One of its commands: accept, hangup, hold, resume, dial; fails unless it says that this went well."""
        word = json.dumps({"command": command, "params": params, "token": str(len(self._said))})
        self.control.sendall(f"{len(word)}:{word},".encode())
        token = str(len(self._said))
        assert eventually(lambda: any(each.get("token") == token for each in self.said())), self.report()
        (answer,) = [each for each in self._said if each.get("token") == token]
        assert answer["ok"], answer

    def wait_for(self, event: str, *, nth: int = 1, seconds: float = 15.0) -> dict[str, Any]:
        """The `nth` event of that type (CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, ...), once it came."""
        assert eventually(lambda: len(self.events(event)) >= nth, seconds=seconds), f"no {event}:\n{self.report()}"
        return self.events(event)[nth - 1]

    def events(self, event: str) -> list[dict[str, Any]]:
        """Those of that type so far."""
        return [each for each in self.said() if each.get("type") == event]

    def said(self) -> list[dict[str, Any]]:
        """All it said so far: its events and its answers to commands, which come as netstrings."""
        with suppress(BlockingIOError):
            while piece := self.control.recv(65536):
                self._unread += piece
        while b":" in self._unread:
            size, _, rest = self._unread.partition(b":")
            if len(rest) <= int(size):
                break
            self._said.append(json.loads(rest[: int(size)]))
            self._unread = rest[int(size) + 1 :]
        return self._said

    def recorded(self) -> float:
        """Seconds that it heard so far, sound or silence."""
        return sum(path.stat().st_size for path in self.recordings()) / self.codec.recorded

    def receives(self) -> int:
        """Bits a second of audio that come in just now, as it counts them itself; G.711 has 64000."""
        return (self.counts() or [0])[-1]

    def counts(self) -> list[int]:
        """The same, and all that it counted before, in all its calls."""
        return [int(each) for each in _COUNTED.findall((self.folder / "log.txt").read_text(errors="replace"))]

    def recordings(self) -> set[Path]:
        """What it heard, a file for each call and each time it was offered audio; whole once the call is over."""
        return set((self.folder / "heard").glob("*-dec.wav"))

    def heard(self) -> float:
        """The frequency in Hz that it heard in the call that is over; 0.0 for silence.

        Only where it was offered audio at once: its recorder ends when a line is put on hold, and stays so.
        """
        recorded = [dominant_frequency(path) for path in sorted(self.recordings())]
        return next((hz for hz in recorded if hz), 0.0)

    def story(self) -> str:
        """Its events, in order, and the tone that it heard."""
        words = [str(each["type"]) for each in self._said if str(each.get("type", "")).startswith("CALL_")]
        hz = self.heard()
        return ", ".join(dict.fromkeys([*words, f"heard {hz:.0f} Hz"] if hz else words))

    def report(self) -> str:
        """What a person needs to see why it failed."""
        log = (self.folder / "log.txt").read_text(errors="replace")[-3000:]
        return "\n".join([*(str(each.get("type", each)) for each in self._said), log])

    def stop(self) -> None:
        """End it."""
        self.control.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_pair() -> int:
    """A free port whose next one is free as well."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            with suppress(OSError):
                probe.bind((LOOPBACK, port + 1))
                return port
