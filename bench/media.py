"""What a call costs at a media relay: many recorded calls at once, 50 packets a second each way, none to be lost.

Packets are counted four times: as phones sent them, as the relay received them, as the other phones heard them, and as
they stand in the captures of which recordings are made. So a row says where packets were lost.

The relay runs alone on one core; the phones, which are sockets of this process, on the other.
"""

from __future__ import annotations

import asyncio
import select
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench.figures import Row
from bench.processes import MEASURED_CORE, OTHER_CORE, cpu_seconds, free_port, on_core, pin, stop
from twoleg.adapters.media.relay import Anchor, Relay, RelaySilent
from twoleg.adapters.media.rtpengine.anchor import LegTransports
from twoleg.adapters.media.rtpengine.daemons import RtpengineDaemon
from twoleg.adapters.media.rtpengine.ng import NgClient
from twoleg.adapters.media.rtpio.anchor import RtpioRelay
from twoleg.adapters.media.rtpio.control import RtpioControl
from twoleg.adapters.media.rtpio.prompts import Prompts
from twoleg.adapters.recording.pcap import read_pcap
from twoleg.adapters.recording.rtpproxy_file import read_rtpproxy
from twoleg.domain.call import Role
from twoleg.sip.sdp import SessionDescription, audio_description

HOST = "127.0.0.1"
TICK = 0.02
"""Seconds between two packets of a phone."""
_SETTLE = 1.0
_TOLERATED = 0.05
"""Share of late ticks."""
_PORTS = 4000
_BUFFER = 1 << 20
_SILENCE = b"\xd5" * 160
_PACKET = 12 + len(_SILENCE)
"""Octets: an RTP header and 20 ms of G.711."""
_RTPIO = """
import asyncio, socket, sys
from twoleg.adapters.media.rtpio.process import EmbeddedRelay, RtpioPlan
async def serve():
    control = socket.socket(fileno=int(sys.argv[1]))
    control.setblocking(False)
    await EmbeddedRelay(RtpioPlan("127.0.0.1", 20000, 34000)).serve(control)
asyncio.run(serve())
"""


@dataclass(slots=True)
class Phone:
    """One leg's socket."""

    socket: socket.socket
    sent: int = 0
    heard: int = 0
    other: Phone | None = None
    """Of the same call."""

    @property
    def missed(self) -> int:
        """Packets that the other phone said and this one did not hear."""
        return 0 if self.other is None else max(0, self.other.sent - self.heard)

    @classmethod
    def new(cls) -> Phone:
        """On a port of its own."""
        it = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        it.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        it.bind((HOST, 0))
        it.setblocking(False)  # noqa: FBT003 - the library's own way
        return cls(it)

    @property
    def sdp(self) -> bytes:
        """Where it listens."""
        return audio_description(address=HOST, port=self.socket.getsockname()[1], session_id=1, version=1).encode()

    def aim(self, told: bytes) -> None:
        """Send from now on to where the description says."""
        audio = SessionDescription.parse(told).audio
        if audio is None:
            raise ValueError("no audio in what the relay told")
        self.socket.connect((HOST, audio.port))

    def say(self) -> None:
        """One packet."""
        head = struct.pack("!BBHII", 0x80, 8, self.sent & 0xFFFF, self.sent * 160 & 0xFFFFFFFF, 7)
        with suppress(BlockingIOError):
            self.socket.send(head + _SILENCE)
            self.sent += 1

    def listen(self) -> None:
        """Count what came."""
        with suppress(BlockingIOError, ConnectionRefusedError):
            while self.socket.recv(2048):
                self.heard += 1


@dataclass(slots=True)
class Crowd:
    """All phones of all calls."""

    phones: list[Phone] = field(default_factory=list)
    late: int = 0
    """Ticks that came more than one tick too late: this process could not keep up."""

    def talk(self, seconds: float) -> None:
        """Everybody says a packet each tick, spread over it, and hears what comes."""
        poll = select.epoll()
        by_number = {phone.socket.fileno(): phone for phone in self.phones}
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        due = time.monotonic()
        for _ in range(round(seconds / TICK)):
            due += TICK
            for place, phone in enumerate(self.phones):
                phone.say()
                if place % 50 == 0:
                    _hear(poll, by_number, 0)
            while (left := due - time.monotonic()) > 0:
                _hear(poll, by_number, left)
            self.late += left < -TICK
        until = time.monotonic() + _SETTLE
        while (left := until - time.monotonic()) > 0:
            _hear(poll, by_number, left)
        poll.close()

    def close(self) -> None:
        """Hang up."""
        for phone in self.phones:
            phone.socket.close()


def _hear(poll: select.epoll, by_number: dict[int, Phone], seconds: float) -> None:
    for number, _ in poll.poll(seconds):
        by_number[number].listen()


@dataclass(frozen=True, slots=True)
class Relaying:
    """A relay under measurement, and its process."""

    relay: Relay
    pid: int


@asynccontextmanager
async def rtpengine(folder: Path) -> AsyncIterator[Relaying]:
    """A daemon on loopback."""
    program = shutil.which("rtpengine", path="/usr/bin:/usr/sbin:/usr/local/bin")
    if program is None:
        raise SystemExit("rtpengine is missing: apt-get install rtpengine-daemon")
    control = free_port()
    command = [
        *(program, "--foreground", "--log-stderr", "--log-level=4", "--table=-1", f"--interface={HOST}"),
        *(f"--listen-ng={HOST}:{control}", "--port-min=20000", f"--port-max={20000 + _PORTS}", "--config-file=none"),
        *(f"--recording-dir={folder}", "--recording-method=pcap", "--recording-format=eth", "--delete-delay=0"),
        f"--pidfile={folder / 'pid'}",
    ]
    with (folder / "log").open("wb") as log, on_core(MEASURED_CORE):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: ASYNC220 - alone on its loop
    ng = NgClient(host=HOST, port=control, tag="bench-")
    try:
        await ng.connect()
        daemon = RtpengineDaemon(ng=ng, transports=LegTransports(), captures=folder, changed=lambda *_: None)
        await daemon.look()
        while not daemon.is_up:
            await daemon.look()
        yield Relaying(daemon, process.pid)
    finally:
        ng.close()
        stop(process)


@asynccontextmanager
async def rtpio(folder: Path) -> AsyncIterator[Relaying]:
    """The embedded relay, in a process of its own."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)  # noqa: FBT003 - the library's own way
    number = theirs.fileno()
    with on_core(MEASURED_CORE):
        program = [sys.executable, "-c", _RTPIO, str(number)]
        process = subprocess.Popen(program, pass_fds=[number])  # noqa: ASYNC220 - alone on its loop
    control = RtpioControl(ours)
    try:
        await _until_up(control)
        pin(process.pid, MEASURED_CORE)
        yield Relaying(RtpioRelay(control=control, prompts=Prompts(folder / "prompts"), address=HOST), process.pid)
    finally:
        control.close()
        stop(process)
        ours.close()
        theirs.close()


async def _until_up(control: RtpioControl) -> None:
    for _ in range(10):
        with suppress(RelaySilent):
            await control.ask("V")
            return
    raise SystemExit("rtp-io does not answer")


RELAYS = {"rtpengine": rtpengine, "rtpio": rtpio}


@dataclass(frozen=True, slots=True)
class Found:
    """What so many calls cost."""

    kind: str
    calls: int
    sent: int
    relayed: int
    """As the relay counted what came in."""
    lost: int
    """Counted at each phone alone: a packet that one heard twice makes up for none that another missed."""
    recorded: int
    ticks: int
    late: int
    """Ticks that the phones could not keep: beyond a few this was no call of 50 packets a second."""
    share: float
    """Of a core, for each call."""

    def row(self) -> Row:
        """Its line of the table."""
        lost, unrecorded = self.lost, self.sent - self.recorded
        where = "" if not lost else f" ({self.sent - self.relayed} before the relay)"
        keeping_up = "" if not self.late else f"; the phones were {self.late} ticks late"
        return Row(
            what=f"{self.kind}: {self.calls} recorded calls at once, 50 packets/s each way",
            ours=f"{self.share:.2%} of a core a call; of {self.sent:,} packets {lost} lost{where}, "
            f"{unrecorded} not recorded{keeping_up}",
            wanted="none lost or not recorded",
            is_met=lost == unrecorded == 0 and self.late <= self.ticks * _TOLERATED,
        )


async def measure_one(kind: str, folder: Path, *, calls: int, seconds: float) -> Found:
    """So many calls through that relay, all of them recorded, for so long."""
    crowd = Crowd()
    async with AsyncExitStack() as stack:
        relaying = await stack.enter_async_context(RELAYS[kind](folder))
        stack.callback(crowd.close)
        anchors = [await _call(relaying.relay, serial, crowd, folder) for serial in range(1, calls + 1)]
        before, began = cpu_seconds(relaying.pid), time.monotonic()
        crowd.talk(seconds)
        used = (cpu_seconds(relaying.pid) - before) / (time.monotonic() - began - _SETTLE)  # nobody speaks then
        relayed = 0
        for anchor in anchors:
            relayed += sum(stream.packets for stream in (await anchor.statistics()).values())
            await anchor.close()
    return Found(
        kind=kind,
        calls=calls,
        sent=sum(phone.sent for phone in crowd.phones),
        relayed=relayed,
        lost=sum(phone.missed for phone in crowd.phones),
        recorded=_recorded(folder),
        ticks=round(seconds / TICK),
        late=crowd.late,
        share=used / calls,
    )


def _recorded(folder: Path) -> int:
    """The packets of voice in all captures below it."""
    found = 0
    for pattern, read in (("*.pcap", read_pcap), ("*.rtp", read_rtpproxy)):
        for path in folder.rglob(pattern):
            with path.open("rb") as file:
                found += sum(len(packet.octets) == _PACKET for packet in read(file))
    return found


async def _call(relay: Relay, serial: int, crowd: Crowd, folder: Path) -> Anchor:
    anchor, agent, customer = relay.anchor(serial), Phone.new(), Phone.new()
    agent.other, customer.other = customer, agent
    crowd.phones += [agent, customer]
    agent.aim(await anchor.offer(Role.CUSTOMER, customer.sdp))
    await anchor.answer(Role.AGENT, agent.sdp)
    customer.aim(await anchor.offer(Role.AGENT, agent.sdp))
    await anchor.answer(Role.CUSTOMER, customer.sdp)
    (own := folder / str(serial)).mkdir()
    await anchor.start_capture(own)
    return anchor


def measure(folder: Path, *, calls: Sequence[tuple[str, int]], seconds: float) -> list[Row]:
    """Each kind of relay with so many calls."""
    rows = []
    with on_core(OTHER_CORE), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for kind, count in calls:
            (inside := folder / kind).mkdir()
            rows.append(runner.run(measure_one(kind, inside, calls=count, seconds=seconds)).row())
    return rows
