"""Signing keys as they lie in the file: sealed, so that the file and its copies alone sign nothing."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.adapters.store.sqlite.rows import Row
from twoleg.application.ports import SigningKey
from twoleg.application.sealing import Sealer
from twoleg.application.webhook_ports import CannotOpen


class SealedKeys:
    """Opens each key once: they are asked for with every token."""

    def __init__(self, sealer: Sealer | None) -> None:
        """None: for whoever needs no keys; asking for one raises `ValueError`."""
        self._sealer = sealer
        self._opened: dict[bytes, bytes | None] = {}

    def seal(self, key: SigningKey) -> bytes:
        """As it is stored."""
        return self._required().seal_octets(key.secret, label=_label(key.key_id))

    def open_all(self, rows: Sequence[Row]) -> list[SigningKey]:
        """Those that open; the others are as good as gone, with the key file that was lost or changed."""
        opened = ((key_id, self._open(key_id, sealed), created_at) for key_id, sealed, created_at in rows)
        return [SigningKey(key_id, secret, created_at) for key_id, secret, created_at in opened if secret is not None]

    def _open(self, key_id: str, sealed: bytes) -> bytes | None:
        if sealed not in self._opened:
            try:
                self._opened[sealed] = self._required().open_octets(sealed, label=_label(key_id))
            except CannotOpen:
                self._opened[sealed] = None
        return self._opened[sealed]

    def _required(self) -> Sealer:
        if self._sealer is None:
            raise ValueError("this store was opened without a sealer: it has no signing keys")
        return self._sealer


def _label(key_id: str) -> str:
    return f"signing key {key_id}"
