"""The media port: how the two phones come to hear each other, whatever carries the audio.

A path sees session descriptions (SDP, RFC 4566, as bytes) and decides which one goes to which phone; it never sees SIP.
The engine owns the phones: it performs the path's wishes and reports what the phones said.
"""

from __future__ import annotations

from typing import Protocol

from twoleg.domain.call import Call, Role


class MediaWishes(Protocol):
    """What a path asks of the engine, for its call. Each may be called from within any verb of the path, or later.

    A wish for a leg that is gone or being released comes to nothing.
    """

    def offer(self, role: Role, body: bytes | None) -> None:
        """Offer this to the phone: in its INVITE when it is being dialled, else in a re-INVITE. None: ask for an offer.

        `answered` or `refused` follows, unless the leg ends first.
        """

    def answer(self, role: Role, status: int, body: bytes | None) -> None:
        """Answer what the phone offered (`offered`): 200 with a description, or 300-699 to leave all as it was."""

    def ack(self, role: Role, body: bytes) -> None:
        """Give the phone our answer to the offer that we asked it for."""

    def greeting(self, *, is_over: bool) -> None:
        """The agent begins to hear a greeting; or it is over, and the offer for the customer follows."""

    def bridged(self) -> None:
        """Both phones have each other's media address."""

    def silent(self, role: Role) -> None:
        """No audio comes from a phone that should send."""

    def heard(self, role: Role) -> None:
        """It comes again."""

    def failed(self, cause: int, detail: str) -> None:
        """The media cannot be connected, or is lost; `cause` is Q.850."""

    def faulted(self, error: Exception) -> None:
        """Something of ours raised where no verb was running any more: it is logged, and ends the call."""


class MediaPath(Protocol):
    """The media of one call. The engine calls; nothing here blocks; a fault raises and ends the call.

    A path that has to ask somebody else first (a relay) makes its wishes later, in the order of the verbs.
    """

    def dial(self, role: Role) -> None:
        """The phone is to be dialled: wish for the offer of its INVITE. The customer comes after the agent answered."""

    def early(self, role: Role, body: bytes) -> None:
        """A provisional response brought a description."""

    def answered(self, role: Role, body: bytes | None) -> None:
        """The phone accepted the offer that is under way; None when it repeated no description after an early one."""

    def refused(self, role: Role, status: int | None) -> None:
        """The phone refused a re-offer (None: no answer came); it goes on as before."""

    def offered(self, role: Role, body: bytes | None) -> None:
        """The phone offers a change, or (None) asks for an offer: wish for the answer."""

    def acknowledged(self, role: Role, body: bytes | None) -> None:
        """The phone confirmed our answer; a body is its answer to an offer that it had asked for."""

    def ringback(self) -> None:
        """The customer's phone rings: let the agent hear it, if this path can."""

    def pass_early(self) -> None:
        """Let the agent hear the customer's early media."""

    def bridge(self) -> None:
        """Both answered: connect them, then wish `bridged` or `failed`."""

    def close(self) -> None:
        """The call is over: free everything."""


class Media(Protocol):
    """Where paths come from: one kind of media (direct, an embedded relay, a relay cluster)."""

    def open(self, call: Call, wishes: MediaWishes) -> MediaPath:
        """A path for a new call; its serial and tenant are what matters of it."""
