"""What the user agent does with requests that come in before any owner decides.  Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InboundPolicy:
    """Which requests from outside a dialog are let through.

    `refuse_invites` is a final status (for instance 403 or 404) that answers every new INVITE, None to raise
    IncomingInvite instead.  `max_legs` bounds the legs alive at once; beyond it a new INVITE is answered 503 with
    Retry-After (RFC 3261 21.5.4).
    """

    refuse_invites: int | None = None
    max_legs: int = 100_000
