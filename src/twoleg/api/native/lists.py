"""Many calls: `GET /v1/calls` by filter and cursor, `POST /v1/calls/states` by their serials."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import Decoder, encode

from twoleg.api.http import Answer, Request
from twoleg.api.native.body import decode
from twoleg.api.native.calls import serial_of
from twoleg.api.native.door import Door
from twoleg.api.native.place import LONGEST_KEY
from twoleg.api.native.problems import bad_member, over_limit
from twoleg.api.native.query import Query
from twoleg.api.native.wire import STATE_NAMES, CallDocument, Serial, call_document
from twoleg.application.call_search import END_OF_TIME, NEWEST, CallFilter, CallProgress, CallSearch, Place
from twoleg.application.place_call import DAY_MS
from twoleg.application.ports import CallReader, Clock
from twoleg.domain.call import PUBLISHED_STATE, CallState, Phase

LONGEST_LIST = 200
LIST = 50
"""Calls of a list when no limit was asked for."""
MOST_SERIALS = 1000
_STATES = {name: state for state, name in STATE_NAMES.items()}
_LARGEST_REASON = 65_535
_LATEST_TIME = 10**15
"""ms since the epoch: the year 33658."""
_KEY = "idempotencyKey"
_PARAMETERS = ("state", "caller", "called", "from", "to", "reason", "after", "limit")


class CallList(Struct, frozen=True, omit_defaults=True):
    """Calls, newest first."""

    calls: list[CallDocument]
    next: Annotated[
        str | None,
        Meta(description="The cursor behind this page: the next one's `after`. Absent: this was the last page."),
    ] = None


class StatesRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose states are wanted."""

    serials: Annotated[
        list[str], Meta(description="Serials, in any order.", extra_json_schema={"maxItems": MOST_SERIALS})
    ]


class StateDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """How far a call has come. Times: ms since the epoch."""

    serial: Serial
    state: Annotated[str, Meta(description="queued, calling, talking or ended.")]
    phase: Annotated[str, Meta(description="queued, calling_agent, calling_customer, talking or ended.")]
    seq: int
    created_at: int
    started_at: int | None = None
    talking_at: int | None = None
    ended_at: int | None = None
    reason: Annotated[int | None, Meta(description="Why it ended.")] = None
    cause: Annotated[int | None, Meta(description="Q.850 cause, 1-127.")] = None


class StateList(Struct, frozen=True):
    """The states, in the order of the request."""

    calls: list[StateDocument]
    unknown: Annotated[list[str], Meta(description="What named no call of the tenant.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCalls:
    """`GET /v1/calls`."""

    door: Door
    search: CallSearch
    reader: CallReader
    clock: Clock

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        login = await self.door(request.headers)
        query = Query(request.query, known=(*_PARAMETERS, _KEY))
        tenant_id, key = login.tenant.tenant_id, query.text(_KEY, longest=LONGEST_KEY)
        limit = query.number("limit", least=1, most=LONGEST_LIST) or LIST
        wanted, behind = _filter(query, tenant_id), _behind(query)
        if key is not None:
            return Answer(encode(CallList(self._placed_with(tenant_id, key))))
        page = self.search.page(wanted, behind=behind, limit=limit)
        following = None if page.following is None else _cursor(page.following)
        return Answer(encode(CallList([call_document(call) for call in page.calls], following)))

    def _placed_with(self, tenant_id: str, key: str) -> list[CallDocument]:
        """None or one: the question of a client that does not know what became of its request."""
        if not (key and key.isascii() and key.isprintable()):
            raise bad_member(_KEY, f"a key is 1-{LONGEST_KEY} printable ASCII characters")
        serial = self.search.placed_with(tenant_id, key, since=self.clock.now_ms() - DAY_MS)
        call = None if serial is None else self.reader.call(serial)
        return [] if call is None else [call_document(call)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStates:
    """`POST /v1/calls/states`."""

    door: Door
    search: CallSearch
    decoder: Decoder[StatesRequest] = Decoder(StatesRequest)  # noqa: RUF009 - it holds no state

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        login = await self.door(request.headers)
        Query(request.query, known=())
        given = decode(self.decoder, request.body).serials
        if len(given) > MOST_SERIALS:
            raise over_limit("serials", MOST_SERIALS, f"serials takes {MOST_SERIALS} at most, not {len(given)}")
        wanted = list(dict.fromkeys(given))
        numbers = {text: serial for text in wanted if (serial := serial_of(text)) is not None}
        found = self.search.progress(login.tenant.tenant_id, numbers.values())
        known = {text: found[serial] for text, serial in numbers.items() if serial in found}
        states = [_state(progress) for progress in known.values()]
        return Answer(encode(StateList(states, [text for text in wanted if text not in known])))


def _filter(query: Query, tenant_id: str) -> CallFilter:
    since, before = _span(query)
    return CallFilter(
        tenant_id=tenant_id,
        state=_state_named(query.text("state")),
        caller=query.text("caller", longest=32),
        called=query.text("called", longest=32),
        reason=query.number("reason", most=_LARGEST_REASON),
        created_from=since,
        created_before=before,
    )


def _span(query: Query) -> tuple[int, int]:
    since, before = query.number("from", most=_LATEST_TIME), query.number("to", most=_LATEST_TIME)
    if since is not None and before is not None and since > before:
        raise bad_member("from", f"from lies behind to: {since} is later than {before}")
    return since or 0, END_OF_TIME if before is None else before


def _state_named(name: str | None) -> CallState | None:
    if name is not None and name not in _STATES:
        raise bad_member("state", f"state is one of {', '.join(_STATES)}")
    return None if name is None else _STATES[name]


def _cursor(place: Place) -> str:
    return urlsafe_b64encode(f"{place.created_at}.{place.serial}".encode()).rstrip(b"=").decode()


def _behind(query: Query) -> Place:
    cursor = query.text("after")
    if cursor is None:
        return NEWEST
    try:
        created_at, serial = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(".")
        place = Place(int(created_at), int(serial))
    except ValueError as error:  # of Base64, of ASCII, of the parts, of the integers
        raise bad_member("after", "that is no cursor that this path gave") from error
    if _cursor(place) != cursor or not (0 <= place.created_at <= END_OF_TIME and 0 <= place.serial <= END_OF_TIME):
        raise bad_member("after", "that is no cursor that this path gave")
    return place


def _state(progress: CallProgress) -> StateDocument:
    phase = Phase(progress.phase)
    return StateDocument(
        serial=str(progress.serial),
        state=STATE_NAMES[PUBLISHED_STATE[phase]],
        phase=phase.name.lower(),
        seq=progress.seq,
        created_at=progress.created_at,
        started_at=progress.started_at,
        talking_at=progress.talking_at,
        ended_at=progress.ended_at,
        reason=progress.reason,
        cause=progress.cause,
    )
