"""One call at one rtpengine: offers and answers go through it and come back with its address in them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique
from pathlib import Path

from twoleg.adapters.media.codecs import sends, takes
from twoleg.adapters.media.relay import RelayRefused, RelayTrouble
from twoleg.adapters.media.rtpengine.bencode import Heard, Value
from twoleg.adapters.media.rtpengine.ng import NgClient
from twoleg.adapters.media.rtpengine.statistics import statistics_of
from twoleg.adapters.media.sounds import Sound
from twoleg.application.recording import CapturedFile, CaptureKind
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import SessionDescription

_FOR_GOOD = 100_000
"""Times that a ringing tone is repeated: days. Something else stops it."""
_TRANSCODED = ("PCMA", "PCMU", "G722", "opus")


@unique
class Transport(Enum):
    """How a leg's audio travels."""

    RTP = "rtp"
    SRTP = "srtp"
    """RTP/SAVP with keys in the description (SDES, RFC 4568): the signalling has to be TLS."""
    WEBRTC = "webrtc"
    """DTLS-SRTP, ICE, RTP and RTCP on one port (RFC 8834): softphones in a browser."""


_ASKED: Mapping[Transport, Mapping[str, Value]] = {
    Transport.RTP: {"transport-protocol": "RTP/AVP", "ICE": "remove", "rtcp-mux": ["demux"]},
    Transport.SRTP: {"transport-protocol": "RTP/SAVP", "ICE": "remove", "rtcp-mux": ["demux"], "DTLS": "off"},
    Transport.WEBRTC: {
        "transport-protocol": "UDP/TLS/RTP/SAVPF",
        "ICE": "force",
        "rtcp-mux": ["offer", "require"],
        "SDES": ["off"],
    },
}
"""What the daemon is told to make of an offer before it goes to a leg of that transport."""


_SDES: Value = ["pad", *(f"no-{kind}_HMAC_SHA1_{tag}" for kind in ("NULL", "F8_128") for tag in (80, 32))]
"""How keys stand in descriptions: with the padding of base64, which RFC 4568 6.1 leaves open (phones that take it for
granted read the longer keys of AES-GCM wrongly without it); and never for suites that leave the voice as it is."""


@dataclass(frozen=True, slots=True)
class LegTransports:
    """How the audio of each leg travels."""

    agent: Transport = Transport.RTP
    customer: Transport = Transport.RTP

    def of(self, role: Role) -> Transport:
        """That of one leg."""
        return self.agent if role is Role.AGENT else self.customer


class RtpengineAnchor:
    """`relay.Anchor` at one daemon. Both legs are parties of one call there, named by their roles."""

    def __init__(self, *, serial: int, ng: NgClient, transports: LegTransports, captures: Path | None) -> None:
        """`captures`: where we find what the daemon records; None: it cannot record for us."""
        self._call_id = f"twoleg-{serial}"
        self._ng = ng
        self._transports = transports
        self._captures = captures
        self._known: set[Role] = set()
        self._offered: dict[Role, bytes] = {}
        """What each phone offered last."""
        self._ports: dict[Role, list[int]] = {Role.AGENT: [], Role.CUSTOMER: []}
        """The daemon's ports at which the audio of each phone arrives, in the order of their first use."""

    @property
    def relay(self) -> str:
        """See `Anchor`."""
        return f"rtpengine {self._ng.host}:{self._ng.port}"

    async def offer(self, role: Role, body: bytes) -> bytes:
        """See `Anchor`. Codecs that the phone did not name are offered behind those it did: the daemon translates."""
        told = await self._offer(role, body, {"codec": {"transcode": list(_TRANSCODED)}})
        self._known.add(role)
        self._offered[role] = body
        return told

    async def _offer(self, role: Role, body: bytes, more: Mapping[str, Value]) -> bytes:
        parties: dict[str, Value] = {"from-tag": role.value}
        if role.other in self._known:
            parties["to-tag"] = role.other.value
        return await self._negotiate(
            "offer", role, body, {**parties, **_ASKED[self._transports.of(role.other)], **more}
        )

    async def answer(self, role: Role, body: bytes) -> bytes:
        """See `Anchor`.

        Codecs that were added to the offer, and not chosen, are taken off it afterwards: a daemon (10.5 at least) that
        once prepared to translate takes the RTCP reports of that leg for those of a stream it does not know.
        """
        parties: dict[str, Value] = {"from-tag": role.other.value, "to-tag": role.value}
        told = await self._negotiate("answer", role, body, parties)
        self._known.add(role)
        offered = self._offered.pop(role.other, None)
        if offered is not None and self._is_plain and _share_their_codecs(offered, body):
            await self._offer(role.other, offered, {})
            told = await self._negotiate("answer", role, body, parties)
        return told

    @property
    def _is_plain(self) -> bool:
        """Neither leg is encrypted: negotiating again changes no keys."""
        return all(self._transports.of(role) is Transport.RTP for role in Role)

    async def _negotiate(self, command: str, role: Role, body: bytes, more: Mapping[str, Value]) -> bytes:
        if self._transports.of(role.other) is Transport.SRTP:
            more = {**more, "SDES": _SDES}
        answer = await self._ask(
            command,
            sdp=body,
            # The ports stay when a phone moves; phones that know their address are believed until they send.
            flags=["port-latching", "trust-address"],
            replace=["origin", "session-connection"],
            **more,
        )
        told = answer.get("sdp")
        if not isinstance(told, bytes):
            raise RelayRefused(f"{self.relay} gave no description")
        self._note_port(role.other, told)
        return told

    def _note_port(self, role: Role, told: bytes) -> None:
        """Where a phone that is told this will send to."""
        with contextlib.suppress(SdpError):
            audio = SessionDescription.parse(told).audio
            if audio is not None and audio.port not in self._ports[role]:
                self._ports[role].append(audio.port)

    async def play(self, role: Role, sound: Sound) -> None:
        """See `Anchor`. The sound travels with the command: the daemon may be on another machine."""
        times = _FOR_GOOD if sound.repeats else 1
        await self._ask("play media", **{"from-tag": role.value, "blob": sound.wav, "repeat-times": times})

    async def stop_playing(self, role: Role) -> None:
        """See `Anchor`."""
        with contextlib.suppress(RelayRefused):  # that there is nothing to stop
            await self._ask("stop media", **{"from-tag": role.value})

    async def start_capture(self, folder: Path) -> tuple[CapturedFile, ...]:  # noqa: ARG002 - the daemon has its own
        """See `Anchor`. The daemon chooses the files' names; they begin with the call's."""
        if self._captures is None:
            raise RelayRefused(f"{self.relay}: media.rtpengine_captures does not say where its recordings are")
        await self._ask("start recording")
        return (
            CapturedFile(
                path=str(self._captures / f"{self._call_id}-*.pcap"),
                kind=CaptureKind.PCAP,
                agent_ports=tuple(self._ports[Role.AGENT]),
                customer_ports=tuple(self._ports[Role.CUSTOMER]),
            ),
        )

    async def stop_capture(self) -> None:
        """See `Anchor`."""
        await self._ask("stop recording")

    async def statistics(self) -> Mapping[Role, StreamStatistics]:
        """See `Anchor`."""
        return statistics_of(await self._ask("query"))

    async def close(self) -> None:
        """See `Anchor`. A daemon that does not hear it ends the call by itself, when no packets come."""
        with contextlib.suppress(RelayTrouble):
            await self._ask("delete", **{"delete-delay": 0})

    async def _ask(self, command: str, **arguments: Value) -> Mapping[str, Heard]:
        return await self._ng.ask(command, **{"call-id": self._call_id, **arguments})


def _share_their_codecs(offer: bytes, answer: bytes) -> bool:
    """Whether each takes what the other will send, so that nothing has to be translated."""
    try:
        offered, answered = SessionDescription.parse(offer), SessionDescription.parse(answer)
    except SdpError:
        return False
    by_offerer, by_answerer = sends(offered), sends(answered)
    return (
        by_offerer is not None
        and by_answerer is not None
        and takes(answered, by_offerer)
        and takes(offered, by_answerer)
    )
