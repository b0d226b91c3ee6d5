"""The face as a whole: its paths and who answers them."""

from __future__ import annotations

from twoleg.api.http import RequestHandler
from twoleg.api.native.calls import GetCall
from twoleg.api.native.door import Door
from twoleg.application.ports import CallReader

NATIVE = "/v1/"
"""What every path of the face begins with; what goes wrong there is told as a problem document."""
CALL_PATH = "/v1/calls/{serial}"


def make_routes(*, door: Door, reader: CallReader) -> dict[str, dict[str, RequestHandler]]:
    """The routes of the face: pattern -> method -> handler."""
    return {CALL_PATH: {"GET": GetCall(door=door, reader=reader)}}
