"""What stands before the body of a request (RFC 9112): its target, its size, its wish for another protocol."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

import httptools

from twoleg.api.asgi import Headers

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_PLAIN_PATH = re.compile(rb"/[\w./-]*")
_HOP_BY_HOP = frozenset({b"connection", b"upgrade", b"http2-settings"})


def target(url: bytes) -> tuple[str, bytes]:
    """Path, decoded, and query. Most targets are a plain path, which needs no parsing."""
    if _PLAIN_PATH.fullmatch(url):
        return url.decode("ascii"), b""
    parsed = httptools.parse_url(url)
    return unquote_to_bytes(parsed.path or b"").decode("utf-8", "replace"), parsed.query or b""


def head_size(url: bytes, headers: Headers) -> int:
    """Bytes that target and headers take on the wire."""
    return len(url) + sum(len(name) + len(value) + len(": \r\n") for name, value in headers)


def scope_of(parser: httptools.HttpRequestParser, url: bytes, headers: Headers, scheme: str | None, ends: Any) -> Any:
    """The ASGI scope of the request whose head was parsed last. `ends`: addresses of the client and of ours."""
    path, query = target(url)
    client, server = ends
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": parser.get_http_version(),
        "method": parser.get_method().decode("ascii"),
        "scheme": scheme,
        "path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": client,
        "server": server,
    }


def head_without_upgrade(parser: httptools.HttpRequestParser, url: bytes, headers: Headers) -> bytes:
    """The head again, without the wish for another protocol, which RFC 9110 7.8 lets a server ignore.

    The parser stops at such a head and skips the body. Java's HTTP client asks for h2c with its first request.
    """
    closes = any(name == b"connection" and b"close" in value.lower() for name, value in headers)
    lines = [b"%b %b HTTP/%b" % (parser.get_method(), url, parser.get_http_version().encode())]
    lines += [b"%b: %b" % header for header in headers if header[0] not in _HOP_BY_HOP]
    return b"\r\n".join([*lines, b"connection: close" if closes else b"connection: keep-alive", b"", b""])
