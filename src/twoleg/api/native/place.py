"""`POST /v1/calls` and `POST /v1/calls/{serial}/hangup`: what begins and what ends a call."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from msgspec import Struct
from msgspec.json import encode

from twoleg.api.http import Answer, Request, one_header
from twoleg.api.native.calls import serial_of
from twoleg.api.native.door import Door
from twoleg.api.native.orders import PlacedDocument, problem_of, read_order, rehearsal_document
from twoleg.api.native.problems import Kind, Problem, bad_member, not_found
from twoleg.api.native.query import Query
from twoleg.application.errors import IdempotencyConflict, NotFound
from twoleg.application.hang_up_call import hang_up_call
from twoleg.application.place_call import PlaceCall
from twoleg.application.ports import CallIntake, CallReader, Clock, Idempotency, Nudge, Placed
from twoleg.application.rehearse_call import RehearseCall

LONGEST_KEY = 255
"""Characters of an Idempotency-Key."""
_REPLAYED = (b"idempotency-replayed", b"true")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCall:
    """Places a call, or with `dryRun=true` says what would happen."""

    door: Door
    place_call: PlaceCall
    rehearse_call: RehearseCall

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        tenant = (await self.door(request.headers)).tenant
        is_rehearsal = Query(request.query, known=("dryRun",)).truth("dryRun")
        idempotency = _idempotency(request)
        order = read_order(request.body)
        if is_rehearsal:
            return Answer(encode(rehearsal_document(self.rehearse_call(tenant, order))))
        try:
            placed = await self.place_call(tenant, order, idempotency=idempotency)
        except IdempotencyConflict as conflict:
            told = "this Idempotency-Key came before with another body"
            raise Problem(Kind.CONFLICT, told, member="Idempotency-Key") from conflict
        if not isinstance(placed, Placed):
            raise problem_of(placed)
        return _placed(placed)


def _placed(placed: Placed) -> Answer:
    url = f"/v1/calls/{placed.serial}"
    headers = ((b"location", url.encode()), *((_REPLAYED,) if placed.replayed else ()))
    return Answer(encode(PlacedDocument(str(placed.serial), url)), 201, headers)


def _idempotency(request: Request) -> Idempotency | None:
    key = one_header(request.headers, b"idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not all(0x20 <= byte < 0x7F for byte in key):
        raise bad_member("Idempotency-Key", f"the key must be 1-{LONGEST_KEY} printable ASCII characters")
    return Idempotency(key.decode("ascii"), sha256(b"native\0" + request.body).digest())


class HangupDocument(Struct, frozen=True):
    """The wish is on disk."""

    serial: str
    hangup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHangup:
    """Ends a call by request (reason 1001); harmless when it has ended."""

    door: Door
    reader: CallReader
    intake: CallIntake
    clock: Clock
    nudge: Nudge

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        tenant_id = (await self.door(request.headers)).tenant.tenant_id
        Query(request.query, known=())
        serial = serial_of(request.arguments["serial"])
        if serial is None:
            raise not_found()
        try:
            await hang_up_call(
                reader=self.reader,
                intake=self.intake,
                clock=self.clock,
                nudge=self.nudge,
                serial=serial,
                tenant_id=tenant_id,
            )
        except NotFound as error:
            raise not_found() from error
        return Answer(encode(HangupDocument(str(serial), "requested")), 202)
