"""A caller that knows no SIP but what it writes by hand: raw text into a UDP socket, raw text out of it.

Nothing of `twoleg.sip` is in here, so that a fault there cannot hide itself.
"""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Self

SDP = (
    "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8 0\r\na={direction}\r\n"
)


class Seen(str):
    """One message as it came."""

    __slots__ = ()

    @property
    def start(self) -> str:
        """Status code and method of a response, method of a request."""
        if self.startswith("SIP/2.0 "):
            return f"{self.split()[1]} {self.field('CSeq').split()[1]}"
        return self.split()[0]

    @property
    def body(self) -> str:
        return self.partition("\r\n\r\n")[2]

    def field(self, name: str) -> str:
        """The first field of that name, "" when there is none."""
        found = re.search(rf"^{name}: (.*)\r$", self.partition("\r\n\r\n")[0] + "\r\n", re.MULTILINE)
        return found.group(1) if found else ""


class RawCaller:
    """One call to one number."""

    def __init__(self, sandbox: tuple[str, int], number: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0)
        self._sandbox = sandbox
        self.target = f"sip:{number}@{sandbox[0]}:{sandbox[1]}"
        self._to = f"<{self.target}>"
        self._cseq = 0
        self.seen: list[tuple[float, Seen]] = []
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def send(
        self,
        method: str,
        *,
        cseq: int | None = None,
        target: str | None = None,
        branch_of: str | None = None,
        more: str = "",
        sdp: str = "",
    ) -> None:
        """A request; without `cseq` it is a new one.  `sdp` is the direction of its offer, `more` further fields."""
        if cseq is None:
            self._cseq += 1
        number = self._cseq if cseq is None else cseq
        body = SDP.format(direction=sdp) if sdp else ""
        branch = f"z9hG4bK-{number}-{branch_of or method}"
        fields = [
            f"{method} {target or self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch}",
            "From: <sip:640003@127.0.0.1>;tag=caller",
            f"To: {self._to}",
            f"Call-ID: raw-{self.port}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:640003@127.0.0.1:{self.port}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._socket.sendto(("\r\n".join(fields) + "\r\n" + more + "\r\n" + body).encode(), self._sandbox)

    async def hear(self, start: str) -> Seen:
        """Wait for the message that starts so ("180 INVITE", "BYE"); whatever comes before is noted in `seen`."""
        while True:
            came = Seen((await self._loop.sock_recv(self._socket, 65535)).decode())
            self.seen.append((round(self._loop.time() - self._began, 1), came))
            if came.start == start:
                if start.endswith("INVITE") and int(start[:3]) > 100:
                    self._to = came.field("To")
                return came

    async def hear_nothing(self, seconds: float) -> None:
        """Insist that nothing comes for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.hear("anything")
        except TimeoutError:
            return

    def forget_tag(self) -> None:
        """What is sent next is outside any dialog."""
        self._to = f"<{self.target}>"

    def cancel(self) -> None:
        """Take the first INVITE back."""
        self.forget_tag()
        self.send("CANCEL", cseq=1, branch_of="INVITE")

    def ack(self, response: Seen) -> None:
        """To a final response to INVITE: with the branch of the INVITE when that failed."""
        cseq = int(response.field("CSeq").split()[0])
        if response.startswith("SIP/2.0 2"):
            contact = response.field("Contact").partition("<")[2].partition(">")[0]
            self.send("ACK", cseq=cseq, target=contact)
        else:
            self.send("ACK", cseq=cseq, branch_of="INVITE")

    def confirm(self, request: Seen) -> None:
        """200 to a request that came."""
        copied = [f"{name}: {request.field(name)}" for name in ("Via", "From", "To", "Call-ID", "CSeq")]
        text = "\r\n".join(["SIP/2.0 200 OK", *copied, "Content-Length: 0", "", ""])
        self._socket.sendto(text.encode(), self._sandbox)

    def times(self) -> list[tuple[float, str]]:
        """What came, with the second at which it came."""
        return [(at, message.start) for at, message in self.seen]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
