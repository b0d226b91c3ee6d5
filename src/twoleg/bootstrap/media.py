"""From `[media]` to the media of calls: relays, sounds, and who is told how well legs were heard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twoleg.adapters.media.direct import DirectMedia
from twoleg.adapters.media.places import House
from twoleg.adapters.media.relay import Relay
from twoleg.adapters.media.rtpengine.anchor import LegTransports, Transport
from twoleg.adapters.media.rtpengine.daemons import RtpengineDaemon, watch_all
from twoleg.adapters.media.rtpengine.ng import NgClient
from twoleg.adapters.media.rtpio.anchor import RtpioRelay
from twoleg.adapters.media.rtpio.control import RtpioControl
from twoleg.adapters.media.rtpio.prompts import Prompts
from twoleg.adapters.media.selection import Choice, ChosenMedia
from twoleg.adapters.media.sounds import SoundError, greeting, ringing_tone
from twoleg.adapters.media.supervision import Watchfulness
from twoleg.adapters.system import SystemEntropy
from twoleg.application.errors import StoreUnavailable
from twoleg.application.quality import QualityBook
from twoleg.application.recording import RecordingDesk
from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.orders import Orders, inherited
from twoleg.bootstrap.store_file import file_of
from twoleg.config import MediaSettings, Settings
from twoleg.domain.call import Role
from twoleg.domain.media import MediaMode
from twoleg.domain.quality import LegQuality

_PARTING = 2.0
_PARTING_LOOK = 0.02
_WRITE_EVERY = 0.5
"""Seconds between two looks for facts to write: many calls share a transaction."""


@dataclass(frozen=True, slots=True)
class MediaRoom:
    """What the engine process needs for media."""

    media: ChosenMedia
    daemons: tuple[RtpengineDaemon, ...]
    embedded: RtpioRelay | None
    notes: QualityPad
    desk: RecordingDesk

    async def part(self) -> None:
        """Wait a moment until the relays were told of the last calls' ends, and write what is known of them."""
        until = asyncio.get_running_loop().time() + _PARTING
        while self.media.is_busy and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - a process about to end
            await asyncio.sleep(_PARTING_LOOK)
        await self.notes.flush()

    async def run(self, left_behind: Sequence[int]) -> None:
        """What goes on in the background, until cancelled. `left_behind`: serials of calls that a dead engine had."""
        async with asyncio.TaskGroup() as group:
            group.create_task(watch_all(self.daemons, left_behind))
            group.create_task(self.notes.write())
            group.create_task(self._close(left_behind))

    async def _close(self, left_behind: Sequence[int]) -> None:
        """Once no relay can write for the lost calls any more, what was captured of them is all there is."""
        relays = (*self.daemons, *(() if self.embedded is None else (self.embedded,)))
        for relay in relays:
            await relay.settled()
        for serial in left_behind:
            self.desk.captured(serial)


def media_of(orders: Orders, *, address: str, book: QualityBook, desk: RecordingDesk, log: Log) -> MediaRoom:
    """By the settings; needs a running loop. `address` is what phones are told of us."""
    settings = orders.settings
    wanted = settings.media
    daemons = tuple(_daemons(wanted, log))
    embedded = None
    if orders.media is not None:
        folder = file_of(settings.store.url).with_suffix(".prompts")
        control = RtpioControl(inherited(orders.media))
        embedded = RtpioRelay(control=control, prompts=Prompts(folder), address=address)
        embedded.forget_all()
    relays: Mapping[MediaMode, tuple[Relay, ...]] = {
        MediaMode.RTPENGINE: daemons,
        MediaMode.RTPIO: () if embedded is None else (embedded,),
    }
    notes = QualityPad(book, log)
    media = ChosenMedia(
        choice=_choice(wanted),
        direct=DirectMedia(address=address),
        relays=relays,
        house=_house(settings, address=address, log=log),
        watchfulness=Watchfulness.of(silent_after=wanted.silent_after, hang_up_after=wanted.hang_up_after_silence),
        desk=desk,
        notes=notes,
    )
    return MediaRoom(media, daemons, embedded, notes, desk)


def check_sounds(settings: Settings) -> None:
    """Raises `ServiceError` for a greeting that cannot be played."""
    if settings.media.greeting is not None:
        try:
            greeting(Path(settings.media.greeting))
        except SoundError as error:
            raise ServiceError(f"media.greeting: {error}") from error


def _house(settings: Settings, *, address: str, log: Log) -> House:
    check_sounds(settings)
    file = settings.media.greeting
    return House(
        address=address,
        ringing=ringing_tone(settings.media.ringback),
        greeting=None if file is None else greeting(Path(file)),
        log=log,
    )


def _choice(wanted: MediaSettings) -> Choice:
    return Choice(
        mode=MediaMode(wanted.mode),
        fallback=tuple(MediaMode(each) for each in wanted.fallback),
        tenants={tenant: MediaMode(mode) for tenant, mode in wanted.tenants.items()},
    )


def _daemons(wanted: MediaSettings, log: Log) -> list[RtpengineDaemon]:
    def changed(name: str, is_up: bool, why: str) -> None:  # noqa: FBT001 - the daemons' own order
        say = log.info if is_up else log.warning
        say("relay is up" if is_up else "relay is down", relay=name, why=why)

    transports = LegTransports(Transport(wanted.agent_transport), Transport(wanted.customer_transport))
    captures = None if wanted.rtpengine_captures is None else Path(wanted.rtpengine_captures)
    tag = f"{SystemEntropy().bits(64):016x}-"
    return [
        RtpengineDaemon(
            ng=NgClient(host=each.host, port=each.port, tag=tag),
            transports=transports,
            captures=captures,
            changed=changed,
        )
        for each in wanted.rtpengine
    ]


class QualityPad:
    """`application.quality.QualityNotes`: notes on the loop, written a little later in a thread."""

    def __init__(self, book: QualityBook, log: Log) -> None:
        self._book = book
        self._log = log
        self._waiting: dict[int, Mapping[Role, LegQuality]] = {}

    def __call__(self, serial: int, legs: Mapping[Role, LegQuality], /) -> None:
        """See `QualityNotes`."""
        self._waiting[serial] = legs

    async def write(self) -> None:
        """Until cancelled. A store in trouble keeps them waiting."""
        while True:
            await self.flush()
            await asyncio.sleep(_WRITE_EVERY)

    async def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        calls, self._waiting = self._waiting, {}
        try:
            await asyncio.to_thread(self._book.put, calls)
        except StoreUnavailable as error:
            self._log.warning("cannot store how calls were heard now", calls=len(calls), why=str(error))
            self._waiting = {**calls, **self._waiting}
