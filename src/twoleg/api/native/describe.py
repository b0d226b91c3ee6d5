"""The face in words: its part of the OpenAPI document; here is what the wire types cannot say."""

from __future__ import annotations

from twoleg.api.native.face import CALL_PATH
from twoleg.api.native.problems import PROBLEM_JSON, ProblemDetails
from twoleg.api.native.wire import CallDocument
from twoleg.api.openapi import Doors, Operation, Parameter

TAG = "native"
MEDIA = PROBLEM_JSON.decode()

SERIAL: Parameter = {
    "name": "serial",
    "in": "path",
    "required": True,
    "description": "The call's serial.",
    "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
}
COMMON_ERRORS = {
    400: "A parameter or the body is wrong: `member` says which.",
    401: "No credentials, or wrong ones.",
    405: "This path takes other methods: see Allow.",
    429: "Too many secrets are being verified at once: try again in a second, or ask for a token.",
    500: "We failed. The detail carries a correlation id that is in the service's log.",
    503: "The store is unavailable: nothing was placed or changed.",
}
NO_SUCH_CALL = {404: "There is no such call, or it is another tenant's."}


def operations() -> list[Operation]:
    """The operations of the face."""
    return [
        Operation(
            path=CALL_PATH,
            method="get",
            operation_id="getCall",
            tag=TAG,
            summary="A call with both legs and everything known of them",
            description="As it is now.",
            parameters=(SERIAL,),
            response=CallDocument,
            error=ProblemDetails,
            error_media=MEDIA,
            errors=COMMON_ERRORS | NO_SUCH_CALL,
            doors=Doors.TOKEN_OR_SECRET,
        )
    ]
