"""Digest, the phone's side: challenges to send, and credentials checked by the text of RFC 7616, not by our code."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interop.sipp import TracedMessage

_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a phone wants to know before it lets a request in."""

    status: int = 401
    algorithm: str = "MD5"
    qop: str | None = "auth"
    nonce: str = "6d08a4b7f2"
    realm: str = "phones of the test"
    more: str = ""
    """Further parameters, with a leading comma."""

    @property
    def phrase(self) -> str:
        """Of the response that carries it."""
        return "Unauthorized" if self.status == 401 else "Proxy Authentication Required"

    @property
    def header(self) -> str:
        """The challenge."""
        name = "WWW-Authenticate" if self.status == 401 else "Proxy-Authenticate"
        qop = f', qop="{self.qop}"' if self.qop else ""
        return f'{name}: Digest realm="{self.realm}", nonce="{self.nonce}", algorithm={self.algorithm}{qop}{self.more}'

    def credentials(self, request: TracedMessage) -> dict[str, str]:
        """What the request answers to it; empty when it does not."""
        text = request.header("Authorization" if self.status == 401 else "Proxy-Authorization")
        return {name: quoted or bare for name, quoted, bare in _PARAMETER.findall(text)}

    def is_met(self, request: TracedMessage, *, username: str, password: str) -> bool:
        """Whether the request carries the right answer (RFC 7616 3.4.1; RFC 2617 3.2.2 without qop)."""
        given = self.credentials(request)
        method, uri = request.start_line.split()[:2]
        known_by = self._hash(f"{username}:{self.realm}:{password}")
        asked_for = self._hash(f"{method}:{uri}{self._of_body(request)}")
        between = [self.nonce]
        if self.qop:
            between += [given.get("nc", ""), given.get("cnonce", ""), self.qop]
        expected = self._hash(":".join([known_by, *between, asked_for]))
        return (given.get("username"), given.get("uri"), given.get("response")) == (username, uri, expected)

    def _of_body(self, request: TracedMessage) -> str:
        """RFC 7616 3.4.3: with auth-int the body is proven, too. A trace ends before the last line break."""
        if self.qop != "auth-int":
            return ""
        lines = [f"{line}\r\n" for line in request.body.splitlines() if line]
        return f":{self._hash(''.join(lines))}"

    def _hash(self, text: str) -> str:
        digest = hashlib.sha256 if self.algorithm == "SHA-256" else hashlib.md5
        return digest(text.encode()).hexdigest()
