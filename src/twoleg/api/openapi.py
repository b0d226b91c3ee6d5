"""The OpenAPI 3.1 document served at `/openapi.json`: put together here from what each face says of its operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from msgspec.json import encode, schema_components
from msgspec.structs import asdict

import twoleg

Schema = dict[str, Any]
Parameter = Mapping[str, Any]

_REF = "#/components/schemas/{name}"
_SECURITY = {"bearer": {"type": "http", "scheme": "bearer", "description": "The token of tokenByAkSk."}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    path: str
    method: str
    operation_id: str
    tag: str
    summary: str
    description: str
    response: type[Struct]
    error: type[Struct]
    errors: Mapping[int, str]
    """HTTP status -> when it is answered."""
    parameters: tuple[Parameter, ...] = ()
    request: type[Struct] | None = None
    example: Struct | None = None
    """A request as the pages print it."""
    secured: bool = True


def make_document(operations: Iterable[Operation]) -> bytes:
    """The document as JSON."""
    operations = tuple(operations)
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
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
        "responses": {"200": _content("Served.", operation.response)}
        | {str(status): _content(text, operation.error) for status, text in sorted(operation.errors.items())},
        "security": [{"bearer": []}] if operation.secured else [],
    }
    if operation.request is not None:
        described["requestBody"] = {"required": True} | _media(operation.request, operation.example)
    return described


def _content(description: str, body: type[Struct]) -> Schema:
    return {"description": description} | _media(body)


def _media(body: type[Struct], example: Struct | None = None) -> Schema:
    media: Schema = {"schema": {"$ref": _REF.format(name=body.__name__)}}
    if example is not None:
        media["example"] = {name: value for name, value in asdict(example).items() if value is not None}
    return {"content": {"application/json": media}}


def _schemas(operations: Iterable[Operation]) -> Schema:
    taken = {operation.request for operation in operations if operation.request is not None}
    given = {body for operation in operations for body in (operation.response, operation.error)}
    _, requests = schema_components(sorted(taken, key=_name), ref_template=_REF)
    _, responses = schema_components(sorted(given, key=_name), ref_template=_REF)
    return requests | {name: _without_null(schema) for name, schema in responses.items()}


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
