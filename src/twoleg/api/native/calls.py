"""One call by its serial: the whole of it, at once or as soon as it changes."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.json import encode

from twoleg.api.http import Answer, Request
from twoleg.api.native.door import Door
from twoleg.api.native.problems import not_found, over_limit
from twoleg.api.native.query import Query
from twoleg.api.native.wire import NOT_HEARD, call_document
from twoleg.application.event_tail import EventTail, OfCall
from twoleg.application.ports import CallReader
from twoleg.application.quality import QualityReader
from twoleg.domain.call import Call, Phase
from twoleg.domain.serials import LARGEST_SERIAL

LONGEST_WAIT = 60
"""Seconds of a long poll: less than most proxies' patience."""
_LARGEST_SEQ = 10**9


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
    quality: QualityReader
    tail: EventTail

    async def __call__(self, request: Request) -> Answer:
        """Answer one request, when there is news beyond `after`, or after `wait` seconds without any."""
        tenant_id = (await self.door(request.headers)).tenant.tenant_id
        query = Query(request.query, known=("after", "wait"))
        wait = query.number("wait", most=LONGEST_WAIT)
        after = query.number("after", most=_LARGEST_SEQ)
        call = call_of(self.reader, request, tenant_id)
        if after is not None and after > call.seq:
            raise over_limit("after", call.seq, f"that lies in the future: the call has {call.seq} events so far")
        if wait and after in (None, call.seq) and call.phase is not Phase.ENDED:
            await self._wait(call, wait)
            call = call_of(self.reader, request, tenant_id)
        heard = self.quality.of(call.serial) if call.phase is Phase.ENDED else NOT_HEARD
        return Answer(encode(call_document(call, heard)))

    async def _wait(self, call: Call, seconds: int) -> None:
        follower = self.tail.follow(OfCall(call.serial), after=call.seq)
        try:
            await follower.next(seconds)
        finally:
            follower.close()
