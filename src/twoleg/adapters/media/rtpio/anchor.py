"""One call at the embedded relay: a session of RTPProxy with two tags. It knows no descriptions: we rewrite them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path

from twoleg.adapters.media.codecs import encodings
from twoleg.adapters.media.places import DISCARD_PORT
from twoleg.adapters.media.relay import RelayForgot, RelayRefused, RelayTrouble
from twoleg.adapters.media.rtpio.control import RtpioControl
from twoleg.adapters.media.rtpio.descriptions import audio_place, moved_to
from twoleg.adapters.media.rtpio.prompts import Prompts
from twoleg.adapters.media.sounds import Sound
from twoleg.application.recording import CapturedFile, CaptureKind
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics
from twoleg.sip.sdp import SessionDescription

_NOWHERE = "127.0.0.1"
"""With the discard port: where a phone that is not there yet is sent to. A place it has to be, and not "on hold": a
phone whose first packet finds none is believed by its packets alone, for good, and not followed when it moves."""
_AS_BEFORE = ("0", "0")
"""In place of an address and a port: a look-up alone. Telling a place again has RTPProxy note no source of packets for
10 s; a phone behind NAT that speaks meanwhile would not be followed when it moves."""
_WITHOUT_END = -1
_COUNTERS = ("npkts_ina", "rtpa_nlost", "rtpa_javg")
_G711 = {"pcma": 8, "pcmu": 0}


class RtpioAnchor:
    """`relay.Anchor`. The customer's side makes the session, so that there is a port for the agent's first offer."""

    relay = "rtp-io"

    def __init__(self, *, serial: int, control: RtpioControl, prompts: Prompts, address: str) -> None:
        """`prompts` keeps what is played in the form RTPProxy wants; `address` is where phones reach it."""
        self._session = str(serial)
        self._address = address
        self._control = control
        self._prompts = prompts
        self._is_open = False
        self._voices: dict[Role, tuple[str, ...]] = {}
        """What each phone can hear."""
        self._places: dict[Role, tuple[str, str]] = {}
        """Where RTPProxy was told that each phone is."""
        self._captures: list[CapturedFile] = []

    async def offer(self, role: Role, body: bytes) -> bytes:
        """See `Anchor`. To RTPProxy an offer and an answer are alike: where that phone is."""
        return await self._placed(role, body)

    async def answer(self, role: Role, body: bytes) -> bytes:
        """See `Anchor`."""
        return await self._placed(role, body)

    async def _placed(self, role: Role, body: bytes) -> bytes:
        description = SessionDescription.parse(body)
        audio = description.audio
        self._voices[role] = () if audio is None else tuple(encodings(audio).values())
        host, port = audio_place(description)
        if ":" in host:
            raise RelayRefused("rtp-io relays IPv4 only")
        if port == DISCARD_PORT:
            host = _NOWHERE
        place = (host, str(port))
        if self._is_open:
            told = _AS_BEFORE if self._places.get(role) == place else place
            reply = await self._ask("L", *told, role.other, role)
        else:
            self._is_open = True  # even if no answer comes: then it has to be closed all the same
            reply = await self._ask("U", *place, role)
        self._places[role] = place
        return moved_to(description, address=self._address, port=_port(reply)).encode()

    async def play(self, role: Role, sound: Sound) -> None:
        """See `Anchor`. G.711 only: a phone that took neither of its laws hears nothing."""
        payload = next((_G711[voice] for voice in self._voices.get(role, ()) if voice in _G711), None)
        if payload is None:
            raise RelayRefused(f"rtp-io cannot play to a {role.value} that takes no G.711")
        file = await asyncio.to_thread(self._prompts.file, sound)
        times = _WITHOUT_END if sound.repeats else 1
        await self._ask(f"P{times}", file, payload, role, role.other)

    async def stop_playing(self, role: Role) -> None:
        """See `Anchor`."""
        await self._ask("S", role, role.other)

    async def start_capture(self, folder: Path) -> tuple[CapturedFile, ...]:
        """See `Anchor`: one file for each phone and start."""
        number = len(self._captures) // len(Role) + 1
        for role in Role:
            path = folder / f"{role.value}-{number}"
            if len(str(path).split()) != 1:
                raise RelayRefused(f"rtp-io cannot write below a folder with white space in its name: {folder}")
            await self._ask("C", str(path).lstrip("/"), role, role.other)
            self._captures.append(CapturedFile(path=f"{path}.rtp", kind=CaptureKind.RTPPROXY, role=role.value))
        return tuple(self._captures)

    async def stop_capture(self) -> None:
        """See `Anchor`."""
        for role in Role:
            await self._ask("N", role, role.other)

    async def statistics(self) -> Mapping[Role, StreamStatistics]:
        """See `Anchor`. RTPProxy's analyser counts loss and jitter itself; round trips it does not know."""
        return {
            role: _statistics(await self._ask("Q", role, role.other, *_COUNTERS), self._ticks_a_ms(role))
            for role in Role
        }

    def _ticks_a_ms(self, role: Role) -> int:
        """Of the RTP clock of what that phone sends, by the first voice that it listed (RFC 3551, RFC 7587)."""
        voice = next((each for each in self._voices.get(role, ()) if each != "telephone-event"), "")
        return 48 if voice == "opus" else 8

    async def close(self) -> None:
        """See `Anchor`."""
        if self._is_open:
            with contextlib.suppress(RelayTrouble):
                await self._ask("D", Role.CUSTOMER, Role.AGENT)

    async def _ask(self, command: str, *arguments: str | int | Role) -> str:
        words = [each.value if isinstance(each, Role) else str(each) for each in arguments]
        return await self._control.ask(" ".join([command, self._session, *words]))


class RtpioRelay:
    """`relay.Relay`: the one embedded relay. It is tried whenever it is wanted: a dead one is started anew."""

    name = "rtp-io"
    is_up = True
    load = 0.0

    def __init__(self, *, control: RtpioControl, prompts: Prompts, address: str) -> None:
        """`address`: what phones are told of it."""
        self._control = control
        self._prompts = prompts
        self._address = address

    def anchor(self, serial: int) -> RtpioAnchor:
        """See `Relay`."""
        return RtpioAnchor(serial=serial, control=self._control, prompts=self._prompts, address=self._address)

    def forget_all(self) -> None:
        """Delete the sessions that a dead engine left, before new ones are made. A relay that is not there has none."""
        self._control.say("X")

    async def settled(self) -> None:
        """Wait until it has obeyed: files of deleted sessions are closed then. Waits for a relay that is starting."""
        while True:
            with contextlib.suppress(RelayTrouble):
                await self._control.ask("V")
                return


def _port(reply: str) -> int:
    """The relay's port for the other phone; the address behind it is where it is bound, which may be anywhere."""
    port = reply.partition(" ")[0]
    if port == "0":  # the answer to a look-up of an unknown session, and where there is no port left
        raise RelayForgot("rtp-io has no port for the call")
    if not port.isdigit():
        raise RelayRefused(f"rtp-io gave no port: {reply}")
    return int(port)


def _statistics(reply: str, ticks_a_ms: int) -> StreamStatistics:
    """Jitter is told in ticks of the RTP clock, as RFC 3550 has it."""
    try:
        packets, lost, jitter = reply.split()
        ticks = round(float(jitter) / ticks_a_ms, 3)
        return StreamStatistics(packets=int(packets), lost=max(0, int(lost)), jitter=ticks)
    except ValueError as error:
        raise RelayRefused(f"rtp-io gave no counters: {reply}") from error
