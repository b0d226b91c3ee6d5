"""The OpenAPI 3.1 document served at `/openapi.json`: put together here, described beside each face."""

from __future__ import annotations

from msgspec.json import encode


def make_document() -> bytes:
    """The document as JSON."""
    return encode({"openapi": "3.1.0", "info": {"title": "twoleg", "version": "0.1.0"}, "paths": {}})
