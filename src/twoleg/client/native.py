"""The native face as operations: paths, parameters and bodies of `/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from msgspec import Struct
from msgspec.json import Decoder, encode

from twoleg.client.exchange import Operation, Reply, decoded
from twoleg.client.models import (
    CallFacts,
    CallPage,
    Document,
    Explanation,
    Language,
    Progress,
    ProgressList,
    Rehearsal,
)

T = TypeVar("T")

MOST_SERIALS = 1000
"""Of one question for states."""
LONGEST_POLL = 25
"""Seconds of one long poll: what proxies on the way put up with."""

_JSON = {"content-type": "application/json"}


class Order(Document, frozen=True, omit_defaults=True):
    """What is asked for when a call is placed."""

    caller: str
    called: str
    caller_present: str | None = None
    agent_present: str | None = None
    call_data: str | None = None
    agent_work_no: int | None = None
    callback_url: str | None = None


class _Placed(Document, frozen=True):
    serial: str


class _Serials(Struct, frozen=True):
    serials: Sequence[str]


_PLACED = Decoder(_Placed)
_CALL = Decoder(CallFacts)
_PAGE = Decoder(CallPage)
_STATES = Decoder(ProgressList)
_EXPLANATION = Decoder(Explanation)
_REHEARSAL = Decoder(Rehearsal)


def place(order: Order, key: str) -> Operation[str]:
    """Answered by the serial. With the key it may be asked again without dialling twice."""
    return Operation(
        method="POST",
        path="/v1/calls",
        headers={**_JSON, "idempotency-key": key},
        body=encode(order),
        decode=lambda reply: decoded(_PLACED, reply.body).serial,
    )


def rehearse(order: Order) -> Operation[Rehearsal]:
    """What would happen."""
    return Operation(
        method="POST",
        path="/v1/calls",
        parameters={"dryRun": "true"},
        headers=_JSON,
        body=encode(order),
        decode=partial(_decode, _REHEARSAL),
    )


def get(serial: str, *, after: int | None = None, wait: int = 0) -> Operation[CallFacts]:
    """The call; with `wait` as soon as its `seq` is beyond `after`, or after that many seconds."""
    poll = {} if after is None or not wait else {"after": str(after), "wait": str(wait)}
    return Operation(
        method="GET", path=_path(serial), parameters=poll, decode=partial(_decode, _CALL), patience=float(wait)
    )


def page(filters: Mapping[str, str]) -> Operation[CallPage]:
    """One page of calls."""
    return Operation(method="GET", path="/v1/calls", parameters=filters, decode=partial(_decode, _PAGE))


def states(serials: Sequence[str]) -> Operation[tuple[Progress, ...]]:
    """How far these calls have come, `MOST_SERIALS` at most; unknown ones are left out."""
    return Operation(
        method="POST",
        path="/v1/calls/states",
        headers=_JSON,
        body=encode(_Serials(serials)),
        decode=lambda reply: decoded(_STATES, reply.body).calls,
    )


def hang_up(serial: str) -> Operation[None]:
    """Harmless when repeated, or when the call has ended."""
    return Operation(method="POST", path=_path(serial, "/hangup"), decode=_nothing)


def explain(serial: str, language: Language) -> Operation[Explanation]:
    """Why the call went as it did."""
    return Operation(
        method="GET",
        path=_path(serial, "/explain"),
        parameters={"lang": language},
        decode=partial(_decode, _EXPLANATION),
    )


def events(serial: str | None, *, after: str, last_id: str | None) -> Operation[Reply]:
    """A stream of events, of one call or of all. `last_id` wins: it is where a stream was cut off."""
    resumed = {} if last_id is None else {"last-event-id": last_id}
    return Operation(
        method="GET",
        path="/v1/events" if serial is None else _path(serial, "/events"),
        parameters={} if last_id is not None else {"after": after},
        headers={"accept": "text/event-stream", "cache-control": "no-store", **resumed},
        decode=lambda reply: reply,
        streams=True,
    )


def _path(serial: str, rest: str = "") -> str:
    return f"/v1/calls/{quote(serial, safe='')}{rest}"


def _decode(decoder: Decoder[T], reply: Reply) -> T:
    return decoded(decoder, reply.body)


def _nothing(_reply: Reply) -> None:
    return None
