"""What the supervisor tells a child at its start: one line of JSON on the child's standard input."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import msgspec

from twoleg.config import Settings


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, and which inherited file descriptors are what. Holds passwords: for the pipe only, never a log."""

    settings: Settings
    http: int | None = None
    sip: tuple[int, ...] = ()
    """In the order of `sip.listen`."""
    sandbox: int | None = None
    nudge: int | None = None
    media: int | None = None
    """This process's end of the embedded relay's control."""
    page: int | None = None
    """The page that the service's processes share."""
    sandbox_trunk: str | None = None
    """`sip:host:port` of our own sandbox, when it runs."""

    def encode(self) -> bytes:
        """One line."""
        return msgspec.json.encode(self, enc_hook=_plain) + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Orders:
        """The reverse. Raises `msgspec.DecodeError` for what a supervisor of this release did not write."""
        return msgspec.json.decode(line, type=cls, dec_hook=_rich)


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no place in orders")


def _rich(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"{kind.__name__} has no place in orders")


def inherited(descriptor: int | None) -> socket.socket:
    """The socket behind an inherited descriptor; non-blocking, and not passed on any further."""
    if descriptor is None:
        raise ValueError("this process was not given the socket it needs")
    taken = socket.socket(fileno=descriptor)
    taken.settimeout(0)
    taken.set_inheritable(False)
    return taken
