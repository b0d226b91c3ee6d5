"""The body of queryCallDetailRecord, flat or wrapped, translated into the records wanted."""

from __future__ import annotations

from msgspec import Raw, Struct
from msgspec.json import Decoder

from twoleg.api.aicc.codes import RecordsCode
from twoleg.api.aicc.decode import decode
from twoleg.api.aicc.wire import QueryCallDetailRecordRequest
from twoleg.application.call_records import LONGEST_WINDOW, RecordsWanted
from twoleg.domain.numbers import is_dialable
from twoleg.domain.tenant import Profile, Tenant

MOST_RECORDS = 1000
"""Decisions 5; the default of 100 is the page's."""
LARGEST = 2**63 - 1
"""Of a time or an offset."""

TASKS_OF_PROFILE = {Profile.AICC: frozenset({None, 0, 1}), Profile.ITA: frozenset({None, 4})}
"""Under which taskType a tenant's calls are found. 0: all except ITA; 1: CEC two-way calls; 4: ITA two-way calls. 2 and
3 are anonymous calls and voice notifications, of which there are none here."""


class _Wrapped(Struct, frozen=True):
    """The form of the page's table: everything inside `body`. Its sample sends the members flat."""

    body: Raw = Raw(b"null")


class WantedRefused(Exception):
    """A request of the right types that is answered with a retCode of its own."""

    def __init__(self, code: RecordsCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


_WRAPPED = Decoder(_Wrapped)
_REQUEST = Decoder(QueryCallDetailRecordRequest)


def read_wanted(body: bytes, tenant: Tenant) -> RecordsWanted:
    """Which records the body asks for. Raises `HttpError` 400 and `WantedRefused`."""
    wrapped = bytes(decode(_WRAPPED, body).body)
    given = decode(_REQUEST, wrapped if wrapped.startswith(b"{") else body)
    since, until = _window(given)
    wanted = RecordsWanted(
        tenant_id=tenant.tenant_id,
        since=since,
        until=until,
        caller=given.caller,
        offset=_bounded(given.offset, "offset", 0, least=0, most=LARGEST),
        limit=_bounded(given.limit, "limit", 100, least=1, most=MOST_RECORDS),
    )
    if given.caller is not None and not is_dialable(given.caller):
        raise WantedRefused(
            RecordsCode.CALLER_UNAVAILABLE, "caller must be 1-32 characters: digits with an optional leading +"
        )
    _check_task(given.taskType, tenant.profile)
    return wanted


def _window(given: QueryCallDetailRecordRequest) -> tuple[int, int]:
    since, until = whole(given.startTime), whole(given.endTime)
    for member, value in (("startTime", since), ("endTime", until)):
        if value is None or value > LARGEST:
            raise WantedRefused(RecordsCode.TIME_FORMAT, f"{member} must be a time in ms since 1970, in digits")
    assert since is not None and until is not None, "told apart above"  # noqa: PT018, S101 - for the type checker
    if until < since:
        raise WantedRefused(RecordsCode.TIME_FORMAT, "endTime lies before startTime")
    if until - since > LONGEST_WINDOW:
        raise WantedRefused(RecordsCode.TIME_FORMAT, "startTime and endTime may lie 7 days apart at most")
    return since, until


def _bounded(given: str | float | None, member: str, default: int, *, least: int, most: int) -> int:
    if given is None:
        return default
    value = whole(given)
    if value is None or not least <= value <= most:
        raise WantedRefused(RecordsCode.PAGE_FORMAT, f"{member} must be a number from {least} to {most}")
    return value


def _check_task(given: str | float | None, profile: Profile) -> None:
    task = None if given is None else whole(given)
    if given is not None and (task is None or task > 4):
        raise WantedRefused(RecordsCode.NOTHING_FOUND, "nothing found: taskType is 0, 1, 2, 3 or 4")
    if task not in TASKS_OF_PROFILE[profile]:
        raise WantedRefused(RecordsCode.NOTHING_FOUND, f"nothing found: there are no calls of taskType {task}")


def whole(given: str | float) -> int | None:
    """A whole number, zero or more, of at most 19 digits; None for anything else."""
    digits = given if isinstance(given, str) else str(given)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        return None
    return int(digits)
