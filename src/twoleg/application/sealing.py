"""The port of what keeps secrets sealed at rest: the store alone shows none of them."""

from __future__ import annotations

from typing import Protocol


class Sealer(Protocol):
    """Authenticated encryption with a key that lies beside the store. Both raise when that key cannot be used."""

    def seal_octets(self, secret: bytes, *, label: str) -> bytes:
        """Different each time. `label`: what it is the secret of; it opens with the same label only."""

    def open_octets(self, sealed: bytes, *, label: str) -> bytes:
        """Raises `CannotOpen` for what was not sealed so."""
