"""Session descriptions (RFC 4566) as far as a third-party call controller reads, changes and makes them.

A description is its lines.  Lines we do not know are kept as they are and where they are; every operation gives a new
description.  Offer/answer rules are those of RFC 3264.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from twoleg.sip.errors import SdpError
from twoleg.sip.sdp_lines import (
    Direction,
    Line,
    check_media_line,
    connection_address,
    direction_of,
    network_of,
    parse_number,
    read_lines,
    without_direction,
)
from twoleg.sip.values import Value, replace

__all__ = [
    "DEFAULT_CODECS",
    "OFFERED_CODECS",
    "Codec",
    "Direction",
    "Line",
    "Media",
    "Origin",
    "SessionDescription",
    "answer_to",
    "audio_description",
    "inactive_offer",
]

_DISCARD_PORT: Final = 9
"""Where an inactive stream says it listens: port 0 would refuse the stream (RFC 3264 6)."""

_PROFILE: Final = "RTP/AVP"
"""The only transport we speak of; an answer must repeat the one of the offer (RFC 3264 6), so others are refused."""


class Codec(Value, frozen=True, gc=False):
    """One RTP payload type (RFC 3551): number 0..127, encoding name, clock rate in Hz, format parameters."""

    payload_type: int
    name: str
    clock_rate: int
    fmtp: str = ""
    channels: int = 1

    @property
    def rtpmap(self) -> str:
        """The value of its a=rtpmap (RFC 4566 6)."""
        voices = "" if self.channels == 1 else f"/{self.channels}"
        return f"{self.payload_type} {self.name}/{self.clock_rate}{voices}"


DEFAULT_CODECS: Final = (
    Codec(8, "PCMA", 8000),
    Codec(0, "PCMU", 8000),
    Codec(9, "G722", 8000),  # the rate that RFC 3551 4.5.2 prescribes, although it samples at 16 kHz
    Codec(101, "telephone-event", 8000, "0-16"),  # RFC 4733
)

OFFERED_CODECS: Final = (
    *DEFAULT_CODECS[:-1],
    Codec(96, "opus", 48000, "useinbandfec=1", channels=2),  # RFC 7587: always 48000/2, whatever is in it
    DEFAULT_CODECS[-1],
    Codec(110, "telephone-event", 48000, "0-16"),  # digits have the clock of the voice beside them (RFC 4733 2.1): Opus
)
"""What a phone is offered whose answer goes on to another phone; those of `DEFAULT_CODECS` are answered alone, too."""


class Origin(Value, frozen=True, gc=False):
    """The o= line (RFC 4566 5.2): who made the description, and in which version."""

    username: str
    session_id: int
    version: int
    address: str

    def __str__(self) -> str:
        return f"{self.username} {self.session_id} {self.version} {network_of(self.address)}"


class Media(Value, frozen=True, gc=False):
    """One media description: its m= line and the lines up to the next."""

    lines: tuple[Line, ...]

    @property
    def kind(self) -> str:
        """`audio`, `video`, `image` ..."""
        return self._fields[0]

    @property
    def port(self) -> int:
        """0..65535; 0 is a refused stream (RFC 3264 6)."""
        return int(self._fields[1].partition("/")[0])

    @property
    def protocol(self) -> str:
        """For instance `RTP/AVP`."""
        return self._fields[2]

    @property
    def formats(self) -> list[str]:
        """Payload types in order of preference, as text."""
        return self._fields[3:]

    @property
    def address(self) -> str | None:
        """The connection address of this stream alone, None when it uses the common one."""
        return connection_address(self.lines)

    @property
    def direction(self) -> Direction | None:
        """The direction that stands here, None when the common one holds."""
        return direction_of(self.lines)

    def attributes(self, name: str) -> list[str]:
        """Values of every `a=name:value`, in order ("" for a bare `a=name`)."""
        pairs = [value.partition(":") for letter, value in self.lines if letter == "a"]
        return [value for key, _, value in pairs if key == name]

    def with_direction(self, direction: Direction) -> Media:
        """The same stream with this direction and no other."""
        return Media((*without_direction(self.lines), ("a", direction.value)))

    @property
    def _fields(self) -> list[str]:
        return self.lines[0][1].split()


class SessionDescription(Value, frozen=True, gc=False):
    """A whole description: the lines before the first m=, and the media."""

    lines: tuple[Line, ...]
    media: tuple[Media, ...] = ()

    @classmethod
    def parse(cls, body: bytes) -> SessionDescription:
        """Read a body of type application/sdp.

        Raises SdpError unless it starts with v=0, has a whole o= line, and every m= line has a kind, a port, a
        protocol and a format.  A missing s= or t= line, bare line feeds and empty lines at the end are tolerated.
        """
        lines = read_lines(body)
        starts = [at for at, (letter, _) in enumerate(lines) if letter == "m"]
        common = tuple(lines[: starts[0]] if starts else lines)
        if not common or common[0] != ("v", "0"):
            raise SdpError("description does not start with v=0")
        for at in starts:
            check_media_line(lines[at][1])
        ends = [*starts[1:], len(lines)]
        media = [Media(tuple(lines[start:end])) for start, end in zip(starts, ends, strict=False)]
        description = cls(common, tuple(media))
        _ = description.origin
        return description

    def encode(self) -> bytes:
        """The body to send."""
        lines = [*self.lines, *(line for media in self.media for line in media.lines)]
        return "".join([f"{letter}={value}\r\n" for letter, value in lines]).encode("utf-8", "surrogateescape")

    @property
    def origin(self) -> Origin:
        """The o= line.  Never raises on a description that came from `parse`."""
        fields = next((value for letter, value in self.lines if letter == "o"), "").split()
        if len(fields) != 6:
            raise SdpError("no o= line with six fields")
        return Origin(fields[0], parse_number(fields[1]), parse_number(fields[2]), fields[5])

    @property
    def audio(self) -> Media | None:
        """The first audio stream that is not refused."""
        return next((media for media in self.media if media.kind == "audio" and media.port), None)

    @property
    def audio_address(self) -> str | None:
        """Where that stream is received, None when there is none or it names no address."""
        audio = self.audio
        return None if audio is None else audio.address or connection_address(self.lines)

    @property
    def direction(self) -> Direction:
        """The direction of that stream; `sendrecv` when nothing else is said (RFC 4566 6)."""
        audio = self.audio
        here = None if audio is None else audio.direction
        return here or direction_of(self.lines) or Direction.SENDRECV

    @property
    def is_on_hold(self) -> bool:
        """Whether the author does not want to hear us: sendonly, inactive (RFC 3264 8.4), or the address 0.0.0.0."""
        return self.direction in (Direction.SENDONLY, Direction.INACTIVE) or self.audio_address in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound

    def with_origin(self, *, username: str, session_id: int, version: int, address: str) -> SessionDescription:
        """The same under our name.  In one dialog keep `session_id` and raise `version` by 1 (RFC 3264 8)."""
        if len(username.split()) != 1 or len(address.split()) != 1:
            raise SdpError("o= line with an empty field or white space in one")
        origin = ("o", str(Origin(username, session_id, version, address)))
        return replace(self, lines=tuple([origin if line[0] == "o" else line for line in self.lines]))

    def with_direction(self, direction: Direction) -> SessionDescription:
        """The same with all audio streams in this direction; the other streams keep theirs."""
        common = direction_of(self.lines)
        media = []
        for one in self.media:
            if one.kind == "audio":
                media.append(one.with_direction(direction))
            else:
                media.append(one if common is None or one.direction else one.with_direction(common))
        return SessionDescription(without_direction(self.lines), tuple(media))


def audio_description(
    *, address: str, port: int, session_id: int, version: int, codecs: Sequence[Codec] = DEFAULT_CODECS
) -> SessionDescription:
    """One audio stream, `sendrecv`, received at `address` (IPv4 or IPv6) and `port` (1..65535)."""
    common = (
        ("v", "0"),
        ("o", str(Origin("-", session_id, version, address))),
        ("s", "-"),
        ("c", network_of(address)),
        ("t", "0 0"),
    )
    return SessionDescription(common, (_audio(port=port, codecs=codecs).with_direction(Direction.SENDRECV),))


def inactive_offer(
    *, address: str, session_id: int, version: int, codecs: Sequence[Codec] = DEFAULT_CODECS
) -> SessionDescription:
    """An offer of one audio stream on which nobody sends yet, to ring a first leg with (after RFC 3725 4.4)."""
    offer = audio_description(
        address=address, port=_DISCARD_PORT, session_id=session_id, version=version, codecs=codecs
    )
    return offer.with_direction(Direction.INACTIVE)


def answer_to(
    offer: SessionDescription,
    *,
    address: str,
    port: int,
    session_id: int,
    version: int = 1,
    among: Media | None = None,
) -> SessionDescription:
    """An answer (RFC 3264 6) that takes the first plain RTP audio stream with `DEFAULT_CODECS` and refuses all others.

    With `among` only the codecs of that audio stream are taken.
    Raises SdpError when the offer holds no such stream with such a codec: answer 488.
    """
    audio = next((one for one in offer.media if one.kind == "audio" and one.port and one.protocol == _PROFILE), None)
    codecs = [] if audio is None else _common_codecs(audio)
    if among is not None:
        names = {codec.name for codec in _common_codecs(among)}
        codecs = [codec for codec in codecs if codec.name in names]
    if audio is None or all(codec.name == "telephone-event" for codec in codecs):
        raise SdpError("no plain RTP audio stream with a codec of ours")
    offered = audio.direction or direction_of(offer.lines) or Direction.SENDRECV
    taken = _audio(port=port, codecs=codecs).with_direction(offered.answered)
    base = audio_description(address=address, port=port, session_id=session_id, version=version)
    return replace(base, media=tuple([taken if media is audio else _refused(media) for media in offer.media]))


def _audio(*, port: int, codecs: Sequence[Codec]) -> Media:
    lines = [("m", f"audio {port} {_PROFILE} {' '.join([str(codec.payload_type) for codec in codecs])}")]
    for codec in codecs:
        lines.append(("a", f"rtpmap:{codec.rtpmap}"))
        if codec.fmtp:
            lines.append(("a", f"fmtp:{codec.payload_type} {codec.fmtp}"))
    return Media(tuple(lines))


def _refused(media: Media) -> Media:
    return Media((("m", f"{media.kind} 0 {media.protocol} {' '.join(media.formats)}"),))


def _common_codecs(audio: Media) -> list[Codec]:
    """Those of `DEFAULT_CODECS` that `audio` offers, in its order and with its payload types."""
    known = {f"{codec.name}/{codec.clock_rate}".lower(): codec for codec in DEFAULT_CODECS}
    encodings = {str(codec.payload_type): name for name, codec in known.items() if codec.name != "telephone-event"}
    for rtpmap in audio.attributes("rtpmap"):
        payload_type, _, encoding = rtpmap.partition(" ")
        encodings[payload_type] = encoding.strip().lower().removesuffix("/1")
    offered = [(text, known.get(encodings.get(text, ""))) for text in dict.fromkeys(audio.formats)]
    return [replace(codec, payload_type=parse_number(text)) for text, codec in offered if codec is not None]
