"""Parts of the requests we make, and those that belong to another request: RFC 3261 8.1.1, 9.1, 17.1.1.3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from twoleg.sip.header_names import canonical_name
from twoleg.sip.headers import Headers, Reason
from twoleg.sip.message import Message, Request, Response

Fields = list[tuple[str, str]]

MAX_FORWARDS = ("Max-Forwards", "70")
"""The initial value that 8.1.1.6 recommends."""

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"
"""What we let others do in a dialog (20.5).  REFER, MESSAGE and the like are answered too, but always with a no."""

ACCEPT = "application/sdp"

_HEX: Final = frozenset("0123456789abcdef")

SUPPORTED = ("Supported", "timer")
"""The extensions that others may use with us (20.37): RFC 4028."""


_NOBODY: Final = "0" * 32
"""The nil UUID of RFC 7989 5: the other end has not said who it is."""


def session_id_field(ours: str, theirs: str) -> tuple[str, str]:
    """The Session-ID header (RFC 7989 5) from two UUIDs of 32 hexadecimal digits; `theirs` "" while it is unknown."""
    return ("Session-ID", f"{ours};remote={theirs or _NOBODY}")


def session_id_of(message: Message) -> str:
    """The UUID of its author, "" when there is none that can be read."""
    uuid = (message.headers.get("Session-ID") or "").partition(";")[0].strip().lower()
    return uuid if len(uuid) == 32 and set(uuid) <= _HEX else ""


def branch_of(request: Request) -> str:
    """The branch of a request of ours, which has one Via and the branch at its end (`Identity.via`)."""
    return (request.headers.get("Via") or "").rpartition("branch=")[2]


def _belonging_to(request: Request, method: str, *, to: str) -> Fields:
    """The fields by which an ACK or CANCEL is recognised: all those of `request`, with the topmost Via only."""
    fields = [("Via", request.headers.get("Via") or "")]
    fields += [item for item in request.headers if item[0] == "Route"]
    fields.append(MAX_FORWARDS)
    fields += [item for item in request.headers if item[0] in ("From", "Call-ID", "Session-ID")]
    fields += [("To", to), ("CSeq", f"{request.cseq.number} {method}")]
    return fields


def ack_of_failure(request: Request, response: Response) -> Request:
    """The ACK of a 300-699 to our INVITE `request` (17.1.1.3); the transaction sends it, no user does."""
    to = response.headers.get("To") or ""
    return Request("ACK", request.uri, Headers.of_canonical(_belonging_to(request, "ACK", to=to)))


def cancel_of(request: Request, reasons: Iterable[Reason]) -> Request:
    """The CANCEL of our INVITE `request` (9.1), which must have had a provisional by now."""
    fields = _belonging_to(request, "CANCEL", to=request.headers.get("To") or "")
    fields += reason_fields(reasons)
    return Request("CANCEL", request.uri, Headers.of_canonical(fields))


def proofs_of(request: Request) -> Fields:
    """The credentials in an INVITE, which the ACK of its 2xx repeats as they are (22.1)."""
    return [item for item in request.headers if item[0] in ("Authorization", "Proxy-Authorization")]


def reason_fields(reasons: Iterable[Reason]) -> Fields:
    """One Reason header per value (RFC 3326)."""
    return [("Reason", str(reason)) for reason in reasons]


def canonical_fields(fields: Sequence[tuple[str, str]]) -> Fields:
    """An owner's own headers in our spelling."""
    return [(canonical_name(name), value) for name, value in fields]
