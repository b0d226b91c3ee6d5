"""A phone in a browser, on the wire: SIP over a secure WebSocket (RFC 7118), by the standard library alone.

with WebsocketPhone.registered(edge.address("wss"), ca, "88889050", "secret") as phone:
    invite = phone.hears()
    phone.says(response(invite, "486 Busy Here"))
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import re
import socket
import ssl
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
"""Opcodes of RFC 6455 5.2."""

_INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>"'

_PATIENCE = 15.0
_HOST = "phone.invalid"
"""What a browser, which knows no address of its own, puts into Via and Contact (RFC 7118 5)."""


@dataclass(slots=True)
class WebsocketPhone:
    """A phone on its one connection. Use it in a `with`: leaving the block closes that."""

    connection: ssl.SSLSocket
    user: str
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def registered(cls, address: tuple[str, int], ca: Path, user: str, password: str) -> Self:
        """Connect, shake hands and register; fails unless that is accepted."""
        trusted = ssl.create_default_context(cafile=str(ca))
        plain = socket.create_connection(address, timeout=_PATIENCE)
        phone = cls(trusted.wrap_socket(plain, server_hostname=address[0]), user)
        phone._shake_hands(f"{address[0]}:{address[1]}")
        phone.says(phone._register(address[0]))
        challenge = phone.hears()
        assert challenge.startswith("SIP/2.0 401 "), challenge
        phone.says(phone._register(address[0], _authorization(challenge, user, password, f"sip:{address[0]}")))
        accepted = phone.hears()
        assert accepted.startswith("SIP/2.0 200 "), accepted
        return phone

    def says(self, message: str) -> None:
        """Send one SIP message."""
        self._send(_TEXT, message.encode())

    def hears(self) -> str:
        """The next SIP message; pings of the connection are answered meanwhile."""
        while True:
            opcode, payload = self._receive()
            if opcode == _PING:
                self._send(_PONG, payload)
            elif opcode != _PONG and payload.strip():
                assert opcode != _CLOSE, "the edge closed the connection"
                return payload.decode()

    def _shake_hands(self, host: str) -> None:
        lines = (
            "GET / HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",  # noqa: TID251 - a peer's own chance
            "Sec-WebSocket-Protocol: sip",
            "Sec-WebSocket-Version: 13",
        )
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self._exactly(1)
        assert answer.startswith(b"HTTP/1.1 101 "), answer

    def _register(self, domain: str, *more: str) -> str:
        number = next(self._numbers)
        lines = (
            f"REGISTER sip:{domain} SIP/2.0",
            f"Via: SIP/2.0/WSS {_HOST};branch=z9hG4bKr{number}",
            f"From: <sip:{self.user}@{domain}>;tag=browser",
            f"To: <sip:{self.user}@{domain}>",
            f"Call-ID: register-{self.user}",
            f"CSeq: {number} REGISTER",
            "Max-Forwards: 70",
            "Supported: path, outbound",
            f"Contact: <sip:{self.user}@{_HOST};transport=ws>;reg-id=1;{_INSTANCE}",
            "Expires: 300",
            *more,
            "Content-Length: 0",
        )
        return "\r\n".join([*lines, "", ""])

    def _send(self, opcode: int, payload: bytes) -> None:
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 0x80 | 126, len(payload))
        # The mask of a client is all zeros here: it guards old proxies, and there is none (RFC 6455 10.3).
        self.connection.sendall(bytes([0x80 | opcode]) + size + bytes(4) + payload)

    def _receive(self) -> tuple[int, bytes]:
        first, size = self._exactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", self._exactly(2))
        return first & 0x0F, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self.connection.recv(size - len(found))
            assert piece, "the edge closed the connection"
            found += piece
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def response(request: str, status: str) -> str:
    """A response without a body, for instance "486 Busy Here"."""
    copied = [line for line in request.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
    lines = [f"{line};tag=browser" if line.startswith("To:") and ";tag=" not in line else line for line in copied]
    return "\r\n".join([f"SIP/2.0 {status}", *lines, "Content-Length: 0", "", ""])


def accepted(request: str, user: str, body: str) -> str:
    """200 to an INVITE, with a session description and the way to this phone."""
    copied = [line for line in request.split("\r\n") if re.match(r"(Via|Record-Route|From|To|Call-ID|CSeq):", line)]
    lines = [f"{line};tag=browser" if line.startswith("To:") and ";tag=" not in line else line for line in copied]
    lines += [f"Contact: <sip:{user}@{_HOST};transport=ws>", "Content-Type: application/sdp"]
    return "\r\n".join(["SIP/2.0 200 OK", *lines, f"Content-Length: {len(body.encode())}", "", body])


def in_dialog(method: str, invite: str, user: str, *, number: int, body: str = "") -> str:
    """A request of the phone that took that INVITE, within its dialog (RFC 3261 12.2.1.1); `number`: of its CSeq."""
    uri = _value(invite, "Contact").partition("<")[2].partition(">")[0]
    lines = (
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/WSS {_HOST};branch=z9hG4bK{method}{number}",
        *(
            line.replace("Record-Route:", "Route:", 1)
            for line in invite.split("\r\n")
            if line.startswith("Record-Route:")
        ),
        f"From: {_value(invite, 'To')};tag=browser",
        f"To: {_value(invite, 'From')}",
        f"Call-ID: {_value(invite, 'Call-ID')}",
        f"CSeq: {number} {method}",
        "Max-Forwards: 70",
        f"Contact: <sip:{user}@{_HOST};transport=ws>",
        "Content-Type: application/sdp",
        f"Content-Length: {len(body.encode())}",
    )
    return "\r\n".join([*lines, "", body])


def _value(message: str, name: str) -> str:
    """Of its header of that name, the first one."""
    return next(line for line in message.split("\r\n") if line.startswith(f"{name}:")).partition(":")[2].strip()


def _authorization(challenge: str, user: str, password: str, uri: str) -> str:
    """RFC 7616 with MD5 and qop auth, as the edge asks for it."""
    said = dict(re.findall(r'(realm|nonce)="([^"]*)"', challenge))
    first = _md5(f"{user}:{said['realm']}:{password}")
    answer = _md5(f"{first}:{said['nonce']}:00000001:c:auth:{_md5(f'REGISTER:{uri}')}")
    return (
        f'Authorization: Digest username="{user}", realm="{said["realm"]}", nonce="{said["nonce"]}", uri="{uri}", '
        f'qop=auth, nc=00000001, cnonce="c", response="{answer}"'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
