"""A tenant's cursor into the event log, as it is written outside: the id of the event last seen.

A position would tell each tenant how much all others call; an event's own id tells it nothing new.
"""

from __future__ import annotations

from twoleg.application.cloud_event import event_id
from twoleg.application.errors import ApplicationError
from twoleg.application.event_feed import BEGINNING, EventFeed
from twoleg.domain.serials import LARGEST_SERIAL, made_at
from twoleg.domain.tenant import Tenant

FROM_BEGINNING = "0"
"""The cursor before the oldest event that is kept."""
FROM_NOW = "latest"
"""Stands for the cursor of the newest event."""
_MOST_EVENTS = 1000
"""Events of one call that are looked at to say which is its newest: calls have some ten, and hundreds at the most."""
MS_A_DAY = 86_400_000


class CursorRefused(ApplicationError):
    """No cursor of this tenant, by its form or because there is no such event (yet). The client's fault."""


class CursorAhead(CursorRefused):
    """The cursor names an event that a call of this tenant has not had yet."""

    def __init__(self, newest: int) -> None:
        """`newest`: the `seq` of the newest event that the call has."""
        super().__init__(f"that lies in the future: the call has {newest} events so far")
        self.newest = newest


def read_event_id(text: str) -> tuple[int, int]:
    """Serial and seq of an event's id. Raises `CursorRefused`."""
    serial, dash, seq = text.partition("-")
    if not (dash and _is_number(serial, 19) and _is_number(seq, 9)) or int(serial) > LARGEST_SERIAL:
        raise CursorRefused(f'a cursor is the id of an event, "{FROM_BEGINNING}" or "{FROM_NOW}"')
    return int(serial), int(seq)


def position_of(feed: EventFeed, tenant: Tenant, cursor: str, *, now: int) -> int:
    """The position behind which that cursor's events begin. `now`: ms since the epoch.

    An event that was purged stands for the beginning: all events that are kept may be new to its reader, and some of
    them it sees twice. Raises `CursorRefused`, and `CursorAhead` for a call's event to come.
    """
    if cursor == FROM_BEGINNING:
        return BEGINNING
    if cursor == FROM_NOW:
        newest = feed.newest_of_tenant(tenant.tenant_id)
        return BEGINNING if newest is None else _stored(feed, tenant, *newest) or BEGINNING
    serial, seq = read_event_id(cursor)
    position = _stored(feed, tenant, serial, seq)
    if position is not None:
        return position
    known = feed.of_call(serial, after=0, limit=_MOST_EVENTS)
    if known and known[0].tenant_id == tenant.tenant_id:
        raise CursorAhead(known[-1].event.seq)
    if made_at(serial) < now - tenant.retention_days * MS_A_DAY:
        return BEGINNING
    raise CursorRefused("there is no event of that id")


def newest_cursor(feed: EventFeed, tenant_id: str) -> str:
    """The cursor of the tenant's newest event; `FROM_BEGINNING` when it has none."""
    newest = feed.newest_of_tenant(tenant_id)
    return FROM_BEGINNING if newest is None else event_id(*newest)


def _stored(feed: EventFeed, tenant: Tenant, serial: int, seq: int) -> int | None:
    return feed.position_of(tenant.tenant_id, serial=serial, seq=seq)


def _is_number(text: str, most_digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most_digits
