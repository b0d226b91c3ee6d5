"""What a leg and its parts ask of each other: the parts know the leg, the leg knows only these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from twoleg.sip.message import Request, Response
from twoleg.sip.outgoing import Fields

if TYPE_CHECKING:
    from twoleg.sip.incoming import Incoming


class Dialing(Protocol):
    """The INVITE of a leg that we call, until it is answered (`invite_client`)."""

    def cancel(self, now: float) -> None:
        """Send the CANCEL."""

    def proceed(self, now: float) -> None:
        """Send the INVITE that is held."""

    def withdraw(self) -> None:
        """No answer is wanted any more, and no CANCEL is allowed yet."""

    def abandon(self, now: float) -> None:
        """Wait for no answer any more; one that comes all the same is hung up."""

    def ack(self, body: bytes) -> None:
        """Send the ACK that waited for the owner's answer."""

    @property
    def call_id(self) -> str:
        """That of the INVITE."""
        ...

    @property
    def early(self) -> EarlyRequests | None:
        """Its early dialogs, if there are any."""
        ...


class EarlyRequests(Protocol):
    """The early dialogs of an INVITE of ours (`early_dialogs`)."""

    def takes(self, incoming: Incoming) -> bool:
        """Whether the number of a request is in order."""

    def request_received(self, incoming: Incoming, now: float) -> bool:
        """Serve a request; False for one that has no place there."""


class Answering(Protocol):
    """The INVITE of a leg that calls us, until it is answered (`invite_server`)."""

    def ring(self, *, status: int, body: bytes | None, now: float) -> None:
        """Send a provisional."""

    def accept(self, *, body: bytes, now: float) -> None:
        """Send 200."""

    def refuse(self, *, status: int, extra: Sequence[tuple[str, str]] = (), now: float) -> None:
        """Send 300-699."""

    def refuse_cancelled(self, taking_back: Request, now: float) -> None:
        """Send 487 because of this CANCEL or BYE."""


class OurOffers(Protocol):
    """Our re-INVITEs (`reoffer`)."""

    @property
    def is_open(self) -> bool:
        """Whether one is out."""
        ...

    @property
    def wants_answer(self) -> bool:
        """Whether its 2xx brought an offer."""
        ...

    def offer(self, body: bytes | None, now: float) -> None:
        """Put one in line."""

    def refresh(self, now: float) -> None:
        """Send one that changes nothing, unless one is out or in line anyway."""

    def pump(self, now: float) -> None:
        """Something that was in the way is gone."""

    def acknowledge(self, body: bytes, now: float) -> None:
        """Answer the offer in the 2xx."""

    def close(self, now: float) -> None:
        """The leg is ending."""


class TheirOffers(Protocol):
    """A re-INVITE, or UPDATE with an offer, of the other end, until it is answered (`their_offer`)."""

    def accept(self, *, status: int, body: bytes | None, now: float) -> None:
        """Send 2xx."""

    def refuse(self, status: int, now: float) -> None:
        """Send 300-699."""


class Refreshing(Protocol):
    """The session timer of a leg that was answered (`refreshing`)."""

    def fields(self) -> Fields:
        """What our next re-INVITE says about it."""

    def settle(self, response: Response, now: float) -> None:
        """A 2xx to our INVITE or re-INVITE came."""

    def answer(self, request: Request, now: float) -> Fields:
        """What our 2xx to a re-INVITE or UPDATE says about it."""

    def meets(self, response: Response) -> bool:
        """Whether it is a 422 that can be met."""

    def stop(self) -> None:
        """The leg is ending."""


class AckDue(Protocol):
    """A 2xx of ours without its ACK (`ack_wait`)."""

    is_first: bool
    """Whether it answers the INVITE that made the leg."""
    wants_answer: bool
    """Whether the ACK brings an answer."""

    def stop(self) -> None:
        """No more repetitions."""
