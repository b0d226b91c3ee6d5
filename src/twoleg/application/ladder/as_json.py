"""A ladder as a JSON document: for programs, and the one picture from which all others could be drawn."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

from msgspec import Meta, Struct, field
from msgspec.json import encode

from twoleg.application.ladder.values import Entry, Fate, Kind, Ladder, Lane


def _one_of(words: type[Enum]) -> dict[str, Any]:
    return {"enum": [each.value for each in words]}


class CaptureDocument(Struct, frozen=True, rename="camel"):
    """What became of the SIP messages."""

    status: Annotated[
        str, Meta(description="`kept`, or why there are no SIP messages.", extra_json_schema=_one_of(Fate))
    ]
    text: Annotated[str, Meta(description="The same in one sentence.")]
    messages: Annotated[int, Meta(description="How many SIP messages there are.")]
    omitted: Annotated[int, Meta(description="How many are missing in the middle.")]


class EntryDocument(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One line of the ladder. A member without a value is absent."""

    at: Annotated[int, Meta(description="ms since the epoch.")]
    offset_us: Annotated[int, Meta(description="Microseconds since the first entry; steps are known to the ms only.")]
    kind: Annotated[str, Meta(extra_json_schema=_one_of(Kind))]
    from_: Annotated[str, Meta(description="The lane where it begins.", extra_json_schema=_one_of(Lane))] = field(
        name="from"
    )
    to: Annotated[
        str, Meta(description="The lane where it ends: the same for a step.", extra_json_schema=_one_of(Lane))
    ]
    label: str
    detail: str | None = None
    repeat: Annotated[bool, Meta(description="The same message went by before.")] = False
    transport: Annotated[str | None, Meta(description="`udp`, `tcp` or `tls`.")] = None
    source: Annotated[str | None, Meta(description="ADDRESS:PORT.")] = None
    destination: Annotated[str | None, Meta(description="ADDRESS:PORT.")] = None
    message: Annotated[str | None, Meta(description="The SIP message, without its secrets.")] = None


class LadderDocument(Struct, frozen=True, rename="camel", omit_defaults=True):
    """The ladder of one call."""

    serial: str
    state: Annotated[int, Meta(description="0-3.")]
    caller: Annotated[str, Meta(description="The agent's number, as given.")]
    called: Annotated[str, Meta(description="The customer's number, as given.")]
    capture: CaptureDocument
    entries: Annotated[tuple[EntryDocument, ...], Meta(description="In order.")]
    reason: Annotated[int | None, Meta(description="Why the call ended.")] = None
    reason_text: Annotated[str | None, Meta(description="The same in one sentence.")] = None


def as_json(ladder: Ladder) -> bytes:
    """UTF-8."""
    return encode(document_of(ladder))


def document_of(ladder: Ladder) -> LadderDocument:
    """The document before it is encoded."""
    call = ladder.call
    return LadderDocument(
        serial=str(call.serial),
        state=int(call.state),
        caller=call.agent.number,
        called=call.customer.number,
        capture=CaptureDocument(ladder.fate.value, ladder.says, len(ladder.messages), ladder.omitted),
        entries=tuple(_entry(each, ladder.began_at) for each in ladder.entries),
        reason=None if call.reason is None else int(call.reason),
        reason_text=None if call.reason is None else call.reason.text,
    )


def _entry(entry: Entry, began_at: int) -> EntryDocument:
    message = entry.message
    return EntryDocument(
        at=entry.at // 1000,
        offset_us=entry.at - began_at,
        kind=entry.kind.value,
        from_=entry.source.value,
        to=entry.target.value,
        label=entry.label,
        detail=entry.detail or None,
        repeat=entry.is_repeat,
        transport=None if message is None else message.transport,
        source=None if message is None else message.source.text,
        destination=None if message is None else message.destination.text,
        message=None if message is None else message.data.decode("utf-8", "replace"),
    )
