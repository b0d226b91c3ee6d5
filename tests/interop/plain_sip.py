"""What a phone of the tests' own says and hears, as text: SIP messages and descriptions.

It shares no code with the service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interop.rtp_voice import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS = re.compile(r"^(Via|From|To|Call-ID|CSeq|Contact|Record-Route): *(.*?)\r$", re.MULTILINE)


_CODECS = {"PCMA": (8, "PCMA/8000"), "PCMU": (0, "PCMU/8000"), "G722": (9, "G722/8000"), "opus": (96, "opus/48000/2")}
PAYLOAD_TYPES = {name: number for name, (number, _) in _CODECS.items()}
EVENTS = {8000: 101, 48000: 110}
"""The payload types of digits in our offers, by their clock in Hz, which is that of the voice beside (RFC 4733 2.1)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody listens, and to what, as a description says it."""

    address: tuple[str, int]
    payload_types: list[int]
    events: dict[int, int]
    """As `EVENTS`."""
    is_listening: bool

    @classmethod
    def of(cls, body: str) -> Place | None:
        """None: it describes no audio."""
        audio = re.search(r"^m=audio (\d+) \S+ (.*?)\r?$", body, re.MULTILINE)
        host = re.search(r"^c=IN IP4 (\S+?)\r?$", body, re.MULTILINE)
        if audio is None or host is None:
            return None
        is_deaf = re.search(r"^a=(inactive|sendonly)\r?$", body, re.MULTILINE)
        port = int(audio[1])
        events = re.findall(r"^a=rtpmap:(\d+) telephone-event/(\d+)", body, re.MULTILINE)
        return cls(
            address=(host[1], port),
            payload_types=[int(each) for each in audio[2].split()],
            events={int(clock): int(number) for number, clock in events},
            is_listening=port > 9 and not is_deaf,
        )

    def events_beside(self, codec: str) -> dict[int, int]:
        """Those that an answer with that codec takes: of its clock, else of any (phones do not ask for more)."""
        clock = 48000 if codec == "opus" else 8000
        return {clock: self.events[clock]} if clock in self.events else dict(list(self.events.items())[:1])


def description(port: int, codecs: list[str], *, version: int, events: Mapping[int, int]) -> str:
    """Those codecs at that port, and digits by those clocks."""
    maps = [_CODECS[name] for name in codecs] + [
        (number, f"telephone-event/{clock}") for clock, number in events.items()
    ]
    return "\r\n".join(
        [
            *("v=0", f"o=tone 7 {version} IN IP4 {LOOPBACK}", "s=-", f"c=IN IP4 {LOOPBACK}", "t=0 0"),
            f"m=audio {port} RTP/AVP {' '.join(str(number) for number, _ in maps)}",
            *(f"a=rtpmap:{number} {name}" for number, name in maps),
            *(f"a=fmtp:{number} 0-16" for number in events.values()),
            *("a=sendrecv", ""),
        ]
    )


@dataclass(frozen=True, slots=True)
class Message:
    """One that came."""

    text: str
    source: tuple[str, int]

    @property
    def first(self) -> str:
        """`INVITE` or `200 UPDATE`."""
        head = self.text.split(" ", 2)
        return head[0] if head[0] != "SIP/2.0" else f"{head[1]} {self.header('CSeq').split()[1]}"

    @property
    def body(self) -> str:
        """What it describes."""
        return self.text.partition("\r\n\r\n")[2]

    def header(self, name: str) -> str:
        """Its (first) value."""
        found: str = next(value for key, value in _HEADERS.findall(self.text) if key == name)
        return found

    def answer(self, status: str, *, port: int, body: str = "") -> str:
        """A response of this phone at that port."""
        copied = [
            f"{key}: {value}" + (";tag=tone" if key == "To" and ";tag=" not in value else "")
            for key, value in _HEADERS.findall(self.text.partition("\r\n\r\n")[0] + "\r")
            if key != "Contact"
        ]
        return message(f"SIP/2.0 {status}", *copied, contact=port, body=body)


def message(*lines: str, contact: int, body: str) -> str:
    """A request or a response, by its first line and headers; `contact`: our port."""
    kind = ["Content-Type: application/sdp"] if body else []
    more = [f"Contact: <sip:tone@{LOOPBACK}:{contact}>", "Allow: INVITE, ACK, BYE, CANCEL, UPDATE", *kind]
    return "\r\n".join([*lines, *more, f"Content-Length: {len(body)}", "", body])
