"""What a leg costs over UDP, TCP and TLS: our user agent calls one of its kind in another process, as fast as it can.

Only SIP and sockets: no API, store or call machine. A leg is INVITE, 180, 200, ACK, BYE, 200, over one kept connection.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import structlog
import trustme
import uvloop

from bench.figures import Row
from bench.processes import MEASURED_CORE, OTHER_CORE, on_core, stop
from twoleg.sip.events import Answered, Event, Failed, IncomingInvite, Released
from twoleg.sip.headers import NameAddr
from twoleg.sip.peers import Peer
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.listener import Listener
from twoleg.sip_transport.tls import TlsFiles, load_tls
from twoleg.sip_transport.transports import Transports

TRANSPORTS = ("udp", "tcp", "tls")
_AT_A_TIME = 32
_SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0\r\n"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one transport, on the calling side."""

    legs_per_second: float
    cpu_us: float
    failed: int


def _party(certificate: Path, ca: Path) -> tuple[Transports[UserAgent], dict[str, Peer]]:
    """A user agent on a port of its own for each transport."""
    bound = {
        name: socket.socket(type=socket.SOCK_DGRAM if name == "udp" else socket.SOCK_STREAM) for name in TRANSPORTS
    }
    for name, each in bound.items():
        each.bind(("127.0.0.1", 0))
        if name != "udp":
            each.listen(64)
    locals_ = {name: Peer(name, *each.getsockname()) for name, each in bound.items()}
    shell = Transports(
        UserAgent(local=list(locals_.values()), random=random.SystemRandom()),
        local=locals_["udp"],
        udp=[bound["udp"]],
        listeners=[Listener(name, bound[name]) for name in ("tcp", "tls")],
        tls=load_tls(TlsFiles(certificate=certificate, ca=ca)),
        log=structlog.get_logger(),
    )
    return shell, locals_


async def _answer(certificate: Path, ca: Path) -> None:
    """The other process: rings and answers at once, until it is ended."""
    shell, locals_ = _party(certificate, ca)

    def heard(event: Event) -> None:
        if isinstance(event, IncomingInvite):
            shell.agent.ring(event.leg, now=shell.now())
            shell.agent.accept(event.leg, body=_SDP, now=shell.now())

    shell.start(heard)
    print(json.dumps({name: peer.port for name, peer in locals_.items()}), flush=True)
    await asyncio.Event().wait()


class _Calling:
    """Keeps a few legs under way until all are done."""

    def __init__(self, shell: Transports[UserAgent], peer: Peer, *, legs: int) -> None:
        self.done = asyncio.Event()
        self.failed = 0
        self._shell = shell
        self._peer = peer
        self._to_begin = self._to_end = legs
        shell.start(self._heard)
        for _ in range(min(legs, _AT_A_TIME)):
            self._begin()
        shell.wake()

    def _begin(self) -> None:
        self._to_begin -= 1
        uri = f"sip:88889060@{self._peer.host_port}"
        self._shell.agent.invite(
            target=uri,
            peer=self._peer,
            from_=NameAddr("", f"sip:640003@{self._shell.local.host_port}"),
            to=NameAddr("", uri),
            body=_SDP,
            now=self._shell.now(),
        )

    def _heard(self, event: Event) -> None:
        match event:
            case Answered(leg):
                self._shell.agent.release(leg, now=self._shell.now())
            case Failed():
                self.failed += 1
            case Released():
                self._ended()
            case _:
                pass

    def _ended(self) -> None:
        self._to_end -= 1
        if self._to_begin:
            self._begin()
        elif not self._to_end:
            self.done.set()


async def _call(shell: Transports[UserAgent], peer: Peer, *, legs: int) -> Cost:
    began, cpu = time.perf_counter(), time.process_time()
    calling = _Calling(shell, peer, legs=legs)
    async with asyncio.timeout(legs / 10):
        await calling.done.wait()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Cost(legs / seconds, cpu / legs * 1e6, calling.failed)


async def _measure(certificate: Path, ca: Path, ports: dict[str, int], name: str, legs: int) -> Cost:
    await _once(certificate, ca, Peer(name, "127.0.0.1", ports[name]), legs // 10)  # to warm up
    return await _once(certificate, ca, Peer(name, "127.0.0.1", ports[name]), legs)


async def _once(certificate: Path, ca: Path, peer: Peer, legs: int) -> Cost:
    shell, _ = _party(certificate, ca)
    try:
        return await _call(shell, peer, legs=legs)
    finally:
        shell.close()
        await asyncio.sleep(0.1)


def measure(folder: Path, *, legs: int) -> list[Row]:
    """A row for each transport; the ratio is that to UDP."""
    authority = trustme.CA()
    certificate, ca = folder / "certificate.pem", folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    with on_core(OTHER_CORE):
        other = subprocess.Popen(
            [sys.executable, "-m", "bench.transports", str(certificate), str(ca)], stdout=subprocess.PIPE
        )
    try:
        assert other.stdout is not None
        ports = json.loads(other.stdout.readline())
        with on_core(MEASURED_CORE):
            costs = {name: uvloop.run(_measure(certificate, ca, ports, name, legs)) for name in TRANSPORTS}
    finally:
        stop(other)
    return [_row(name, cost, costs["udp"]) for name, cost in costs.items()]


def _row(name: str, cost: Cost, udp: Cost) -> Row:
    trouble = f", {cost.failed} failed" if cost.failed else ""
    return Row(
        what=f"SIP alone over {name.upper()}: legs/s of one core, and CPU a leg",
        ours=f"{cost.legs_per_second:,.0f}, {cost.cpu_us:.0f} us{trouble}",
        peer="" if name == "udp" else f"over UDP {udp.cpu_us:.0f} us",
        ratio=None if name == "udp" else cost.cpu_us / udp.cpu_us,
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        uvloop.run(_answer(Path(sys.argv[1]), Path(sys.argv[2])))
    else:
        with tempfile.TemporaryDirectory() as place:
            for row in measure(Path(place), legs=int(sys.argv[1]) if len(sys.argv) > 1 else 5000):
                print(row.what, row.ours, f"{row.ratio or 1:.2f}")
