"""Where the media of a call is anchored: the relays to try, in order, and what stands in for a phone not heard yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twoleg.adapters.media.codecs import RECORDABLE, only
from twoleg.adapters.media.log import MediaLog
from twoleg.adapters.media.relay import Anchor, Relay, RelaySilent, RelayTrouble
from twoleg.adapters.media.side import Side
from twoleg.adapters.media.sounds import Sound
from twoleg.application.recording import CapturedFile
from twoleg.domain.call import Role
from twoleg.domain.quality import StreamStatistics
from twoleg.sip.sdp import OFFERED_CODECS, SessionDescription, audio_description

DISCARD_PORT = 9
"""Where a phone that is not there yet receives: nobody listens (RFC 863), and the relay learns better soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all calls have in common."""

    address: str
    """The host address that our own descriptions name."""
    ringing: Sound
    greeting: Sound | None
    log: MediaLog


class Places:
    """For one call."""

    def __init__(
        self,
        *,
        serial: int,
        relays: Sequence[Relay],
        go_without: Callable[[], None] | None,
        is_recorded: bool,
        house: House,
    ) -> None:
        """`relays` are tried in that order; when none takes the call, it is told to `go_without`, where that may be.

        A recorded call is offered, and passes on, only what a recording can be made of.
        """
        self._serial = serial
        self._relays = relays
        self._go_without = go_without
        self._codecs = RECORDABLE if is_recorded else OFFERED_CODECS
        self._is_recorded = is_recorded
        self._house = house
        self._unsure: list[Anchor] = []
        """At relays that did not say that they took the call; they may have it all the same."""

    @property
    def ringing(self) -> Sound:
        """What the agent hears while the customer's phone rings."""
        return self._house.ringing

    @property
    def greeting(self) -> Sound | None:
        """What the agent hears before the customer is dialled."""
        return self._house.greeting

    def side(self, role: Role) -> Side:
        """A phone of this call, of which nothing is known yet."""
        if role not in Role:
            raise ValueError(role)
        return Side(self._serial, self._house.address, self._slim)

    async def find(self) -> tuple[Anchor, bytes] | None:
        """A relay that takes the call, and its offer for the agent; None: there is none, and the call goes without.

        Raises `RelayTrouble` when nobody takes it and it may not go without.
        """
        why = RelaySilent("there is no relay that is up")
        for relay in self._relays:
            anchor = relay.anchor(self._serial)
            self._unsure.append(anchor)
            try:
                offer = await anchor.offer(Role.CUSTOMER, self._stand_in())
            except RelayTrouble as trouble:
                self._house.log.warning("relay does not take a call", relay=relay.name, why=str(trouble))
                why = RelaySilent(str(trouble))
            else:
                self._unsure.pop()
                return anchor, offer
        if self._go_without is None:
            raise why
        self._house.log.warning("call goes without a relay", call=self._serial, why=str(why))
        self._go_without()
        return None

    async def part(self) -> None:
        """The call is over: whoever may have it without having said so is told, one after the other."""
        while self._unsure:
            await self._unsure.pop().close()

    def forget(self) -> None:
        """The call is over: no relay will be looked for, and nobody is told to go without."""
        self._relays, self._go_without = (), None

    def heard_or_stand_in(self, side: Side) -> bytes:
        """What the phone said, or would say by our knowledge."""
        return self._stand_in() if side.heard is None else side.heard.encode()

    def _stand_in(self) -> bytes:
        """The offer of a customer who is not there yet."""
        described = audio_description(
            address=self._house.address, port=DISCARD_PORT, session_id=self._serial, version=0, codecs=self._codecs
        )
        return described.encode()

    def _slim(self, description: SessionDescription) -> SessionDescription:
        return only(description, RECORDABLE) if self._is_recorded else description


class NoAnchor:
    """Before a relay took the call: there is nothing to ask. `relay.Anchor`."""

    relay = "no relay"

    async def offer(self, role: Role, body: bytes) -> bytes:
        """Nobody takes it."""
        raise RelaySilent(f"the {role.value} offered {len(body)} bytes, and no relay has the call")

    async def answer(self, role: Role, body: bytes) -> bytes:
        """Nobody takes it."""
        raise RelaySilent(f"the {role.value} answered {len(body)} bytes, and no relay has the call")

    async def play(self, role: Role, sound: Sound) -> None:
        """Nobody plays."""
        raise RelaySilent(f"no relay can play {sound.name} to the {role.value}")

    async def stop_playing(self, role: Role) -> None:
        """Nothing is played."""

    async def start_capture(self, folder: Path) -> tuple[CapturedFile, ...]:
        """Nobody captures."""
        raise RelaySilent(f"no relay can write to {folder}")

    async def stop_capture(self) -> None:
        """Nothing is captured."""

    async def statistics(self) -> Mapping[Role, StreamStatistics]:
        """Nothing came."""
        return {}

    async def close(self) -> None:
        """Nothing to free."""


def in_order(kinds: Iterable[Sequence[Relay]]) -> list[Relay]:
    """The relays to try: kind after kind; of each those that are up, the least loaded first."""
    return [relay for kind in kinds for relay in sorted(kind, key=lambda each: each.load) if relay.is_up]
