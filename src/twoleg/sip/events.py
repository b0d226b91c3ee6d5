"""What the user agent tells its owner.  Facts only: frozen values, in the order in which they happened.

The life of a leg that we called:   Provisional* (Answered | Failed) ... HungUp? Released
The life of a leg that called us:   IncomingInvite (Cancelled | Failed)? Acknowledged? ... HungUp? Released

Rules an owner may rely on:

* Released comes exactly once per leg, and it is the last event of that leg.
* Answered comes at most once; a leg that we called tells one of Answered and Failed unless its owner released it first.
* After the owner's `release` only Released follows (its status says what became of a withdrawn INVITE).
* Failed after Answered (or after `accept`) means that we lost the leg ourselves: no ACK, or an internal fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import TypeAlias

from twoleg.sip.headers import NameAddr, Reason
from twoleg.sip.message import Request, Response
from twoleg.sip.peers import Peer

LegId: TypeAlias = int
"""Names one leg of one user agent: 1, 2, 3 ...; never used again."""


@unique
class FailureOrigin(Enum):
    """Who says that a leg failed."""

    REMOTE = "remote"
    """A final response; `status` is its code."""
    TIMEOUT = "timeout"
    """Nobody answered in time (RFC 3261 timers B and H, or our limit on ringing)."""
    TRANSPORT = "transport"
    """The shell could not deliver."""
    INTERNAL = "internal"
    """A fault of ours; `fault` holds the exception."""


@dataclass(frozen=True, slots=True)
class Provisional:
    """A 101-199 to our INVITE.  `to_tag` tells early dialogs apart (forking); `body` is early media when present."""

    leg: LegId
    status: int
    phrase: str
    to_tag: str
    body: bytes | None
    reasons: Sequence[Reason]
    response: Response


@dataclass(frozen=True, slots=True)
class Answered:
    """A 2xx to our INVITE.  It is ACKed already, unless the INVITE had no offer: then `ack` must bring the answer."""

    leg: LegId
    status: int
    body: bytes | None
    to_tag: str
    response: Response


@dataclass(frozen=True, slots=True)
class Failed:
    """The leg failed.  `status` 300-699 and `response` are there when `origin` is REMOTE, `fault` when INTERNAL.

    `contacts` are where a 3xx points as received, when it could not be followed; `phrase` then says why.
    """

    leg: LegId
    status: int | None
    phrase: str
    reasons: Sequence[Reason]
    contacts: Sequence[NameAddr]
    origin: FailureOrigin
    response: Response | None = None
    fault: Exception | None = None


@dataclass(frozen=True, slots=True)
class Reinvited:
    """A re-INVITE came, or an UPDATE with an offer: answer it with `answer_reinvite`.

    `body` None asks for an offer in that answer.
    """

    leg: LegId
    body: bytes | None


@dataclass(frozen=True, slots=True)
class ReinviteAnswered:
    """A 2xx to our re-INVITE.  It is ACKed already, unless we sent no offer: then `ack` must bring the answer."""

    leg: LegId
    status: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class ReinviteFailed:
    """Our re-INVITE was refused for good (488, or 491 too often ...); the leg lives on as it was."""

    leg: LegId
    status: int | None
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class HungUp:
    """The other end is gone.  `method` is "BYE", or the status of a request that found no dialog: "481", "408".

    Nobody refreshed the session in time (RFC 4028): "408", too.
    """

    leg: LegId
    reasons: Sequence[Reason]
    method: str


@dataclass(frozen=True, slots=True)
class Released:
    """Nothing of this leg is left on the wire.

    `status` is the last thing heard: the final status of the INVITE (487 after CANCEL), or of our BYE; None when
    nothing came (a timeout, or the other end said BYE).
    """

    leg: LegId
    status: int | None
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class IncomingInvite:
    """Somebody calls us: `ring`, `accept`, `reject` or `release`.  An empty `request.body` asks for our offer."""

    leg: LegId
    request: Request
    source: Peer


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The ACK to our 2xx came.  `cseq` tells the INVITE from a re-INVITE; `body` is the answer, if that was due."""

    leg: LegId
    cseq: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller took its INVITE back (CANCEL, or BYE before an answer); it was answered 487."""

    leg: LegId
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """An INFO in the dialog (answered 200), for instance application/dtmf-relay.  `content_type` is lower case."""

    leg: LegId
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class OptionsAnswered:
    """What became of `options`: any final status shows life; None when nothing came back."""

    token: object
    status: int | None


@dataclass(frozen=True, slots=True)
class Registered:
    """Our binding stands (again), for `expires` seconds; it is refreshed before."""

    token: object
    expires: int


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """Our binding does not stand: refused with `status`, or (None) without an answer.

    `retry_in`: seconds until the next try; None: there will be none, `unregister` was asked for.
    """

    token: object
    status: int | None
    phrase: str
    retry_in: float | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no SIP message (answered 400 or the like where that is possible)."""

    source: Peer
    why: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A well-formed message that belongs to nothing here, dropped."""

    source: Peer
    why: str


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception of ours outside any leg; `source` is whose message it was, None for a timer or a verb."""

    source: Peer | None
    fault: Exception


Event: TypeAlias = (
    Provisional
    | Answered
    | Failed
    | Reinvited
    | ReinviteAnswered
    | ReinviteFailed
    | HungUp
    | Released
    | IncomingInvite
    | Acknowledged
    | Cancelled
    | InfoReceived
    | OptionsAnswered
    | Registered
    | NotRegistered
    | Malformed
    | Stray
    | Fault
)
