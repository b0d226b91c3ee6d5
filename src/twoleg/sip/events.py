"""What the user agent tells its owner.  Facts only: frozen values, in the order in which they happened.

The life of a leg that we called:   Prepared* Provisional* (Answered | Failed) ... HungUp? Released
The life of a leg that called us:   IncomingInvite (Cancelled | Failed)? Acknowledged? ... HungUp? Released

Rules an owner may rely on:

* Released comes exactly once per leg, and it is the last event of that leg.
* Answered comes at most once; a leg that we called tells one of Answered and Failed unless its owner released it first.
* After the owner's `release` only Released follows (its status says what became of a withdrawn INVITE).
* Failed after Answered (or after `accept`) means that we lost the leg ourselves: no ACK, or an internal fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, unique
from typing import TypeAlias

from twoleg.sip.headers import NameAddr, Reason
from twoleg.sip.leg_record import LegRecord
from twoleg.sip.message import Request, Response
from twoleg.sip.peers import Peer
from twoleg.sip.values import Value

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


class Prepared(Value, frozen=True, gc=False):
    """An INVITE of a leg that is held is written and waits for `proceed`: the first, and each that follows a refusal.

    It is sent exactly as `record` says, so that whoever keeps that can take it back from another process.
    """

    leg: LegId
    record: LegRecord


class Provisional(Value, frozen=True, gc=False):
    """A 101-199 to our INVITE.  `to_tag` tells early dialogs apart (forking); `body` is early media when present."""

    leg: LegId
    status: int
    phrase: str
    to_tag: str
    body: bytes | None
    reasons: Sequence[Reason]
    response: Response


class Answered(Value, frozen=True, gc=False):
    """A 2xx to our INVITE.  It is ACKed already, unless the INVITE had no offer: then `ack` must bring the answer.

    Of a leg that is held the ACK waits for `ack` in any case; `record` says with what it can be ended now.
    """

    leg: LegId
    status: int
    body: bytes | None
    to_tag: str
    response: Response
    record: LegRecord | None = None


class Failed(Value, frozen=True, gc=True):
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


class Reinvited(Value, frozen=True, gc=False):
    """A re-INVITE came, or an UPDATE with an offer: answer it with `answer_reinvite`.

    `body` None asks for an offer in that answer.
    """

    leg: LegId
    body: bytes | None


class ReinviteAnswered(Value, frozen=True, gc=False):
    """A 2xx to our re-INVITE.  It is ACKed already, unless we sent no offer: then `ack` must bring the answer."""

    leg: LegId
    status: int
    body: bytes | None


class ReinviteFailed(Value, frozen=True, gc=False):
    """Our re-INVITE was refused for good (488, or 491 too often ...); the leg lives on as it was."""

    leg: LegId
    status: int | None
    reasons: Sequence[Reason]


class HungUp(Value, frozen=True, gc=False):
    """The other end is gone.  `method` is "BYE", or the status of a request that found no dialog: "481", "408".

    Nobody refreshed the session in time (RFC 4028): "408", too.
    """

    leg: LegId
    reasons: Sequence[Reason]
    method: str


class Released(Value, frozen=True, gc=False):
    """Nothing of this leg is left on the wire.

    `status` is the last thing heard: the final status of the INVITE (487 after CANCEL), or of our BYE; None when
    nothing came (a timeout, or the other end said BYE).
    """

    leg: LegId
    status: int | None
    reasons: Sequence[Reason]


class IncomingInvite(Value, frozen=True, gc=False):
    """Somebody calls us: `ring`, `accept`, `reject` or `release`.  An empty `request.body` asks for our offer."""

    leg: LegId
    request: Request
    source: Peer


class Acknowledged(Value, frozen=True, gc=False):
    """The ACK to our 2xx came.  `cseq` tells the INVITE from a re-INVITE; `body` is the answer, if that was due."""

    leg: LegId
    cseq: int
    body: bytes | None


class Cancelled(Value, frozen=True, gc=False):
    """The caller took its INVITE back (CANCEL, or BYE before an answer); it was answered 487."""

    leg: LegId
    reasons: Sequence[Reason]


class InfoReceived(Value, frozen=True, gc=False):
    """An INFO in the dialog (answered 200), for instance application/dtmf-relay.  `content_type` is lower case."""

    leg: LegId
    content_type: str
    body: bytes


class OptionsAnswered(Value, frozen=True, gc=False):
    """What became of `options`: any final status shows life; None when nothing came back."""

    token: object
    status: int | None


class Registered(Value, frozen=True, gc=False):
    """Our binding stands (again), for `expires` seconds; it is refreshed before."""

    token: object
    expires: int


class NotRegistered(Value, frozen=True, gc=False):
    """Our binding does not stand: refused with `status`, or (None) without an answer.

    `retry_in`: seconds until the next try; None: there will be none, `unregister` was asked for.
    """

    token: object
    status: int | None
    phrase: str
    retry_in: float | None


class Malformed(Value, frozen=True, gc=False):
    """Bytes that are no SIP message (answered 400 or the like where that is possible)."""

    source: Peer
    why: str


class Stray(Value, frozen=True, gc=False):
    """A well-formed message that belongs to nothing here, dropped."""

    source: Peer
    why: str


class Fault(Value, frozen=True, gc=True):
    """An exception of ours outside any leg; `source` is whose message it was, None for a timer or a verb."""

    source: Peer | None
    fault: Exception


Event: TypeAlias = (
    Prepared
    | Provisional
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
