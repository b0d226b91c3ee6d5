"""Orders for calls: the body of `POST /v1/calls`, what a rehearsal answers, and how a refusal is worded."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import Decoder
from msgspec.structs import fields

from twoleg.api.native.body import decode
from twoleg.api.native.problems import Kind, Problem, bad_member, over_limit
from twoleg.api.native.wire import Serial
from twoleg.application.rehearse_call import Candidate, Rehearsal, RehearsedLeg
from twoleg.domain.callbacks import CallbackRefused
from twoleg.domain.media import MediaMode
from twoleg.domain.tenant import CallRequest, Refusal, Refused

CALL_DATA_LENGTH = 1024
"""Characters, as on the compatible face."""
LARGEST_WORK_NUMBER = 99_999


class CallOrder(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is asked for."""

    caller: Annotated[
        str, Meta(description="The agent's phone, rung first: 1-32 characters, digits with an optional leading +.")
    ]
    called: Annotated[str, Meta(description="The customer's phone; likewise.")]
    caller_present: Annotated[
        str | None, Meta(description="What the customer is shown. Without it: the tenant's first access code.")
    ] = None
    agent_present: Annotated[str | None, Meta(description="What the agent is shown; likewise.")] = None
    call_data: Annotated[
        str | None,
        Meta(description="Kept with the call, unread.", extra_json_schema={"maxLength": CALL_DATA_LENGTH}),
    ] = None
    agent_work_no: Annotated[
        float | None,  # in JSON 44.0 is a whole number
        Meta(
            description="The agent's work number.",
            extra_json_schema={"minimum": 0, "maximum": LARGEST_WORK_NUMBER, "multipleOf": 1},
        ),
    ] = None
    callback_url: Annotated[
        str | None, Meta(description="An http or https URL whose host is on the tenant's allow-list.")
    ] = None
    recording: Annotated[
        bool, Meta(description="Record it, for tenants whose calls are recorded on demand. Needs a relay.")
    ] = False
    media: Annotated[
        MediaMode | None,
        Meta(
            description="How the phones hear each other, of what `[media]` is set up for. Without it: as the tenant's "
            "calls do. `direct` is not for calls that are recorded."
        ),
    ] = None


class PlacedDocument(Struct, frozen=True):
    """The call is on disk, and will be dialled."""

    serial: Serial
    url: Annotated[str, Meta(description="Where to ask for it.")]


class CandidateDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A trunk that would be tried."""

    trunk: str
    priority: int
    weight: Annotated[int, Meta(description="Among equals in priority, its share of being the first.")]
    dialled: Annotated[str, Meta(description="The number as that trunk would be told it.")]
    shown: Annotated[str, Meta(description="The displayed number as that trunk would be told it.")]
    is_up: bool
    why: Annotated[str | None, Meta(description="What is known of the trunk, where it is watched.")] = None


class RehearsedLegDocument(Struct, frozen=True):
    """How a phone would be reached."""

    number: str
    shown: str
    route: Annotated[list[CandidateDocument], Meta(description="In the order of trying; empty: no trunk takes it.")]


class RefusalDocument(Struct, frozen=True, omit_defaults=True):
    """Which rule would refuse the call."""

    rule: str
    detail: str
    member: str | None = None


class RehearsalDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What would happen. Nothing was stored."""

    accepted: Annotated[bool, Meta(description="Whether the call would be taken.")]
    dialable: Annotated[bool, Meta(description="Whether both phones have a trunk that is up. Else it ends with 6.")]
    agent: RehearsedLegDocument
    customer: RehearsedLegDocument
    refusal: RefusalDocument | None = None


_DECODER = Decoder(CallOrder)
_MEMBERS = {member.name: member.encode_name for member in fields(CallOrder)}
"""The domain's names of a request's members -> as they go over the wire."""


def read_order(body: bytes) -> CallRequest:
    """The call that is asked for. Raises `Problem`."""
    order = decode(_DECODER, body)
    if order.call_data is not None and len(order.call_data) > CALL_DATA_LENGTH:
        name = _MEMBERS["call_data"]
        raise over_limit(name, CALL_DATA_LENGTH, f"{name} takes {CALL_DATA_LENGTH} characters at most")
    return CallRequest(
        caller=order.caller,
        called=order.called,
        caller_present=order.caller_present,
        agent_present=order.agent_present,
        call_data=order.call_data,
        agent_work_no=_work_number(order.agent_work_no),
        callback_url=order.callback_url,
        recording=order.recording,
        media=order.media,
    )


def _work_number(given: float | None) -> int | None:
    if given is None:
        return None
    if given > LARGEST_WORK_NUMBER:
        raise over_limit("agentWorkNo", LARGEST_WORK_NUMBER, f"agentWorkNo is {LARGEST_WORK_NUMBER} at most")
    if given < 0 or not given.is_integer():
        raise bad_member("agentWorkNo", "agentWorkNo must be a whole number, 0 at least")
    return int(given)


def problem_of(refused: Refused) -> Problem:
    """The refusal as the answer to an order."""
    kind = Kind.CONFLICT if refused.refusal is Refusal.DUPLICATE else Kind.REFUSED
    worded = _worded(refused)
    return Problem(kind, worded.detail, member=worded.member, rule=worded.rule)


def rehearsal_document(rehearsal: Rehearsal) -> RehearsalDocument:
    """The rehearsal as it is answered."""
    return RehearsalDocument(
        accepted=rehearsal.refused is None,
        dialable=rehearsal.agent.is_reachable and rehearsal.customer.is_reachable,
        agent=_leg(rehearsal.agent),
        customer=_leg(rehearsal.customer),
        refusal=None if rehearsal.refused is None else _worded(rehearsal.refused),
    )


def _worded(refused: Refused) -> RefusalDocument:
    rule = refused.fault if isinstance(refused, CallbackRefused) else refused.refusal
    member = None if refused.member is None else _MEMBERS[refused.member]
    return RefusalDocument(rule=refused.refusal.name.lower(), detail=rule.value, member=member)


def _leg(leg: RehearsedLeg) -> RehearsedLegDocument:
    return RehearsedLegDocument(leg.number, leg.shown, [_candidate(each) for each in leg.candidates])


def _candidate(candidate: Candidate) -> CandidateDocument:
    return CandidateDocument(
        trunk=candidate.trunk,
        priority=candidate.priority,
        weight=candidate.weight,
        dialled=candidate.dialled,
        shown=candidate.shown,
        is_up=candidate.is_up,
        why=candidate.why,
    )
