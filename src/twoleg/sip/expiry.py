"""Session timers as values (RFC 4028): what the headers say, and what two ends agree on.  No clock, no sending."""

from __future__ import annotations

from typing import Final

from twoleg.sip.message import Message, Request
from twoleg.sip.outgoing import Fields
from twoleg.sip.values import Value

TIMER: Final = "timer"
"""The option tag (RFC 4028 10)."""

SHORTEST: Final = 90
"""Seconds: no Session-Expires and no Min-SE may be lower (RFC 4028 5); what is lower all the same is taken as this."""

MAX_RETRIES: Final = 3
"""Requests that one 422 after the other makes of one: each proxy on the way may have its own Min-SE (7.3)."""

_LONGEST: Final = 86_400
"""Seconds that we keep count of; more is as good as never."""


class SessionExpires(Value, frozen=True, gc=False):
    """One Session-Expires value: seconds, and "uac" or "uas" for whoever refreshes, None when that is left open."""

    seconds: int
    refresher: str | None = None

    def __str__(self) -> str:
        return str(self.seconds) if self.refresher is None else f"{self.seconds};refresher={self.refresher}"


def session_expires(message: Message) -> SessionExpires | None:
    """What `message` says; None when it says nothing that can be read."""
    text = message.headers.get("Session-Expires")
    if text is None:
        return None
    number, _, params = text.partition(";")
    seconds = _seconds(number)
    if seconds is None:
        return None
    named = [param.partition("=") for param in params.split(";")]
    roles = [value.strip().lower() for name, _, value in named if name.strip().lower() == "refresher"]
    return SessionExpires(seconds, roles[0] if roles and roles[0] in ("uac", "uas") else None)


def min_se(message: Message) -> int:
    """The shortest interval that `message` allows, in seconds."""
    return max(SHORTEST, _seconds((message.headers.get("Min-SE") or "").partition(";")[0]) or 0)


def is_too_short(request: Request, shortest: int) -> bool:
    """Whether `request` is answered 422: only who knows session timers may be (RFC 4028 9)."""
    asked = session_expires(request)
    return asked is not None and asked.seconds < shortest and knows_timer(request)


def knows_timer(message: Message) -> bool:
    """Whether its author supports session timers."""
    return TIMER in message.options("Supported") or TIMER in message.options("Require")


def asking(seconds: int, *, shortest: int, refresher: str | None = None) -> Fields:
    """The fields of a request of ours that begins or refreshes a session of that length (7.1, 7.4)."""
    fields = [("Session-Expires", str(SessionExpires(seconds, refresher)))]
    if shortest > SHORTEST:
        fields.append(("Min-SE", str(shortest)))
    return fields


def agreement(request: Request, *, longest: int, current: SessionExpires | None) -> SessionExpires | None:
    """What we answer `request` with (9); `current` is what was agreed before, with roles as in `request`.

    None: no session timer.  Who knows no timers cannot refresh, so then we do, if some proxy asked for it.
    """
    asked = session_expires(request)
    if not knows_timer(request):
        return None if asked is None else SessionExpires(_shorter(request, asked.seconds, longest), "uas")
    if asked is None:
        return current
    refresher = asked.refresher or (current.refresher if current is not None else None) or "uac"
    return SessionExpires(_shorter(request, asked.seconds, longest), refresher)


def agreeing(agreed: SessionExpires | None, request: Request) -> Fields:
    """The fields of a 2xx of ours to `request`."""
    if agreed is None:
        return []
    fields = [("Session-Expires", str(agreed))]
    if knows_timer(request):
        fields.append(("Require", TIMER))
    return fields


def _shorter(request: Request, seconds: int, longest: int) -> int:
    """An interval may be lowered on its way, but not below Min-SE (9)."""
    return max(min(seconds, longest or seconds), min(min_se(request), seconds), SHORTEST)


def _seconds(text: str) -> int | None:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
        return None
    return min(int(digits), _LONGEST)
