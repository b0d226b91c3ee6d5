"""createCall v1 and v3: an order for a two-way call in, its serial number out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

from msgspec.json import encode

from twoleg.api.aicc.bearer import authenticate
from twoleg.api.aicc.codes import AICC_CODES, ITA_CODES, SUCCESS, VENDOR_NAMES, ItaCode
from twoleg.api.aicc.orders import Order, OrderRefused
from twoleg.api.aicc.wire import CreateCallResponse, CreateCallResult
from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, HttpError, one_header
from twoleg.application.check_token import CheckToken
from twoleg.application.errors import IdempotencyConflict
from twoleg.application.place_call import PlaceCall
from twoleg.application.ports import Idempotency, Placed
from twoleg.domain.callbacks import CallbackRefused
from twoleg.domain.tenant import Profile, Refused, Tenant

LONGEST_KEY = 255
"""Characters of an Idempotency-Key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCall:
    """The handler of one version."""

    version: bytes
    read: Callable[[bytes], Order]
    """`orders.read_v1` or `read_v3`."""
    check_token: CheckToken
    place_call: PlaceCall

    async def __call__(self, headers: Headers, body: bytes) -> Answer:
        """Answer one request."""
        tenant = authenticate(headers, self.check_token).tenant
        idempotency = self._idempotency(headers, body)
        try:
            order = self.read(body)
        except OrderRefused as refused:
            return _refusal(tenant, refused.code, refused.ita, refused.text)
        request = replace(order.request, recording=True) if _is_to_be_recorded(headers) else order.request
        try:
            placed = await self.place_call(tenant, request, idempotency=idempotency)
        except IdempotencyConflict as conflict:
            raise HttpError(409, "this Idempotency-Key came before with another body") from conflict
        return _accepted(placed) if isinstance(placed, Placed) else _refused(tenant, placed, order)

    def _idempotency(self, headers: Headers, body: bytes) -> Idempotency | None:
        key = one_header(headers, b"idempotency-key")
        if key is None:
            return None
        if not 0 < len(key) <= LONGEST_KEY or not all(0x20 <= byte < 0x7F for byte in key):
            raise HttpError(400, f"Idempotency-Key must be 1-{LONGEST_KEY} printable ASCII characters")
        wish = b"\0recorded" if _is_to_be_recorded(headers) else b""
        return Idempotency(key.decode("ascii"), sha256(self.version + wish + b"\0" + body).digest())


def _is_to_be_recorded(headers: Headers) -> bool:
    """What the header `Recording` says: ours, for tenants that record on demand. Raises `HttpError` 400."""
    wish = one_header(headers, b"recording")
    if wish is None or wish.lower() == b"off":
        return False
    if wish.lower() != b"on":
        raise HttpError(400, "the header Recording must be on or off")
    return True


def _accepted(placed: Placed) -> Answer:
    """The text is that of the family's other interfaces (getRecordingAddress, callbacks): this one has no sample."""
    return Answer(encode(CreateCallResponse(SUCCESS, "success", CreateCallResult(str(placed.serial)))))


def _refused(tenant: Tenant, refused: Refused, order: Order) -> Answer:
    member = order.phone_member if refused.member == "caller" else VENDOR_NAMES.get(refused.member or "")
    rule = refused.fault.value if isinstance(refused, CallbackRefused) else refused.refusal.value
    text = f"{member}: {rule}" if member else rule
    return _refusal(tenant, AICC_CODES[refused.refusal], ITA_CODES[refused.refusal], text)


def _refusal(tenant: Tenant, code: str, ita: ItaCode, text: str) -> Answer:
    """Profile `ita` is answered from its own table, with the table's fixed texts (decisions 3.9)."""
    if tenant.profile is Profile.ITA:
        return Answer(encode(CreateCallResponse(ita.code, ita.text)))
    return Answer(encode(CreateCallResponse(code, text)))
