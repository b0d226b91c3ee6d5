"""The OpenAPI 3.1 document served at `/openapi.json`: put together here from what each face says of its operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.json import encode, schema_components

import twoleg

Schema = dict[str, Any]
Parameter = Mapping[str, Any]

_REF = "#/components/schemas/{name}"
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of tokenByAkSk."},
    "basic": {"type": "http", "scheme": "basic", "description": "app_key and app_secret; paths under /v1 only."},
}
JSON = "application/json"

Samples = Mapping[tuple[str, int], Mapping[str, Any]]
"""Operation and HTTP status -> an answer as clients see it."""
ErrorSample = Callable[[int, str], Struct]
"""HTTP status and text -> what an error of that kind looks like."""

_HEADERS_OF_ERRORS = {
    401: ("WWW-Authenticate", "How to log in."),
    405: ("Allow", "The methods that this path takes."),
    429: ("Retry-After", "Seconds after which to try again."),
    503: ("Retry-After", "Seconds after which to try again."),
}


@unique
class Doors(Enum):
    """What opens an operation: any one of these."""

    NOBODY_ASKS = ()
    TOKEN = ("bearer",)
    TOKEN_OR_SECRET = ("bearer", "basic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    path: str
    method: str
    operation_id: str
    tag: str
    summary: str
    description: str
    response: type[Struct] | None
    """None: an answer without a body."""
    error: type[Struct]
    errors: Mapping[int, str]
    """HTTP status -> when it is answered."""
    status: int = 200
    """Of success."""
    other_successes: Mapping[int, tuple[str, type[Struct] | None]] = field(default_factory=dict)
    """HTTP status -> when it is answered, and with what."""
    error_media: str = JSON
    other_media: tuple[str, ...] = ()
    """Of the first success: other forms in which the same can be had."""
    streams: bool = False
    """Whether the answer also comes as text/event-stream."""
    parameters: tuple[Parameter, ...] = ()
    request: type[Struct] | None = None
    example: Struct | None = None
    """A request as the pages print it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the first success: name -> what it says."""
    error_sample: ErrorSample | None = None
    doors: Doors = Doors.TOKEN


def make_document(operations: Iterable[Operation], samples: Samples) -> bytes:
    """The document as JSON. `samples`: the examples of what succeeded."""
    operations = tuple(operations)
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _with_samples(_operation(operation), samples)
    return encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "twoleg",
                "version": twoleg.__version__,
                "description": "Two-way calls: ring the agent, then the customer, connect them, say what became of it.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {"schemas": _schemas(operations), "securitySchemes": _SECURITY},
        }
    )


def _operation(operation: Operation) -> Schema:
    described: Schema = {
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": list(operation.parameters),
        "responses": _successes(operation)
        | {str(status): _error(operation, status, text) for status, text in sorted(operation.errors.items())},
        "security": [{door: []} for door in operation.doors.value],
    }
    if operation.request is not None:
        described["requestBody"] = {"required": True} | _media(operation.request, operation.example)
    return described


def _successes(operation: Operation) -> Schema:
    first = _content("Served.", operation.response)
    if operation.headers:
        first["headers"] = {name: _header(text) for name, text in operation.headers.items()}
    if operation.streams:
        first["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    for media in operation.other_media:
        first["content"][media] = {"schema": {"type": "string"}}
    others = {str(status): _content(text, body) for status, (text, body) in operation.other_successes.items()}
    return {str(operation.status): first} | others


def _error(operation: Operation, status: int, text: str) -> Schema:
    described = _content(text, operation.error, operation.error_media)
    is_open = operation.doors is Doors.NOBODY_ASKS
    if status in _HEADERS_OF_ERRORS and not (is_open and status in (401, 503)):
        name, says = _HEADERS_OF_ERRORS[status]
        described["headers"] = {name: _header(says)}
    if operation.error_sample is not None:
        described["content"][operation.error_media]["example"] = _plain(operation.error_sample(status, text))
    return described


def _header(description: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}}


def _with_samples(described: Schema, samples: Samples) -> Schema:
    for status, response in described["responses"].items():
        sample = samples.get((described["operationId"], int(status)))
        if sample is not None:
            response["content"][JSON]["example"] = sample
    return described


def _content(description: str, body: type[Struct] | None, media: str = JSON) -> Schema:
    return {"description": description} | ({} if body is None else _media(body, media=media))


def _media(body: type[Struct], example: Struct | None = None, *, media: str = JSON) -> Schema:
    described: Schema = {"schema": {"$ref": _REF.format(name=body.__name__)}}
    if example is not None:
        described["example"] = _plain(example)
    return {"content": {media: described}}


def _plain(example: Struct) -> Schema:
    """As it goes over the wire, without the members that were not given."""
    members: Schema = to_builtins(example)
    return {name: value for name, value in members.items() if value is not None}


def _schemas(operations: Iterable[Operation]) -> Schema:
    taken = {operation.request for operation in operations if operation.request is not None}
    given = {body for operation in operations for body in _given(operation) if body is not None}
    _, requests = schema_components(sorted(taken, key=_name), ref_template=_REF)
    _, responses = schema_components(sorted(given, key=_name), ref_template=_REF)
    return requests | {name: _without_null(schema) for name, schema in responses.items()}


def _given(operation: Operation) -> Iterable[type[Struct] | None]:
    return operation.response, operation.error, *(body for _, body in operation.other_successes.values())


def _name(body: type[Struct]) -> str:
    return body.__name__


def _without_null(schema: Schema) -> Schema:
    """The schema of an answer, in which a member without a value is left out and never null (decisions 1.7)."""
    return schema | {"properties": {name: _not_null(member) for name, member in schema["properties"].items()}}


def _not_null(member: Schema) -> Schema:
    if "anyOf" not in member:
        return member
    (kind,) = (one for one in member["anyOf"] if one != {"type": "null"})
    kept = {key: value for key, value in member.items() if key not in ("anyOf", "default")}
    return {**kept, **kind}
