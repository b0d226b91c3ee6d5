"""What a SIP event says about the end of a leg, in the domain's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from twoleg.domain import causes
from twoleg.domain.signals import NOTHING_HEARD, WireFacts
from twoleg.sip.events import Failed, FailureOrigin, HungUp, Released
from twoleg.sip.headers import Reason

_LEADING_NUMBER = re.compile(r"[0-9]{1,9}")
_LONGEST_RETRY_AFTER = 86_400.0
_WARNING_CODE = re.compile(r"(?:^|,)[ \t]*([0-9]{3})[ \t]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_STATUS_OF_SILENCE = {FailureOrigin.TIMEOUT: 408, FailureOrigin.TRANSPORT: 503}
"""RFC 3261 8.1.3.1: a timeout is treated as 408, a transport error as 503. Never reported as a status: none came."""

_SAID = {FailureOrigin.TIMEOUT: "no response at all", FailureOrigin.TRANSPORT: "it cannot be reached"}


def said(event: Failed) -> str:
    """Why an attempt failed, in words."""
    return _SAID.get(event.origin, f"{event.status} {event.phrase}")


def of_failure(event: Failed) -> WireFacts:
    """The facts of a leg that was never answered."""
    status = event.status or _STATUS_OF_SILENCE.get(event.origin, 500)
    cause = q850(event.reasons) or causes.cause_of_status(status, _warnings(event))
    return WireFacts(sip_status=event.status, sip_reason=_as_received(event.reasons), cause=cause)


def of_hang_up(event: HungUp) -> WireFacts:
    """The facts of a leg whose phone ended its dialog; a BYE without Reason is a normal clearing."""
    cause = q850(event.reasons)
    if cause is None:
        cause = causes.NORMAL_CLEARING if event.method == "BYE" else causes.cause_of_status(int(event.method))
    return WireFacts(sip_reason=_as_received(event.reasons), cause=cause)


def of_release(event: Released) -> WireFacts:
    """The last words of a leg; the 487 that answers our CANCEL is one."""
    if event.status is None and not event.reasons:
        return NOTHING_HEARD
    return WireFacts(sip_status=event.status, sip_reason=_as_received(event.reasons))


def reason_header(cause: int) -> tuple[Reason, ...]:
    """What a phone is told when we end its leg (RFC 3326)."""
    return (Reason("Q.850", cause, causes.name_of_cause(cause)),)


def q850(reasons: Sequence[Reason]) -> int | None:
    """The Q.850 cause of a Reason header; None where there is none."""
    for reason in reasons:
        if reason.protocol.upper() == "Q.850" and reason.cause is not None and 0 < reason.cause <= 127:
            return reason.cause
    return None


def retry_after(event: Failed) -> float | None:
    """Seconds for which a 503 asks us to stay away (RFC 3261 20.33, 21.5.4); at most a day; None: it does not ask."""
    if event.status != 503 or event.response is None:
        return None
    seconds = _LEADING_NUMBER.match(event.response.headers.get("Retry-After") or "")
    return None if seconds is None else min(float(seconds[0]), _LONGEST_RETRY_AFTER)


def _warnings(event: Failed) -> list[int]:
    """The codes of its Warning headers (RFC 3261 20.43)."""
    if event.response is None:
        return []
    bare = _QUOTED.sub('""', ", ".join(event.response.headers.get_all("Warning")))
    return [int(code) for code in _WARNING_CODE.findall(bare)]


def _as_received(reasons: Sequence[Reason]) -> str | None:
    return ", ".join(str(reason) for reason in reasons) or None
