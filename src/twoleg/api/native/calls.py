"""One call by its serial: the whole of it, at once or as soon as it changes."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.json import encode

from twoleg.api.http import Answer, Request
from twoleg.api.native.door import Door
from twoleg.api.native.problems import not_found
from twoleg.api.native.wire import call_document
from twoleg.application.ports import CallReader
from twoleg.domain.call import Call
from twoleg.domain.serials import LARGEST_SERIAL


def call_of(reader: CallReader, request: Request, tenant_id: str) -> Call:
    """The tenant's call that the path names. Raises `Problem` 404, the same for another's call and for none."""
    serial = serial_of(request.arguments["serial"])
    call = None if serial is None else reader.call(serial)
    if call is None or call.tenant_id != tenant_id:
        raise not_found()
    return call


def serial_of(text: str) -> int | None:
    """The serial that is spelled there; None when it is none."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or text.startswith("0"):
        return None
    return int(text) if int(text) <= LARGEST_SERIAL else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCall:
    """`GET /v1/calls/{serial}`."""

    door: Door
    reader: CallReader

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        login = await self.door(request.headers)
        return Answer(encode(call_document(call_of(self.reader, request, login.tenant.tenant_id))))
