"""A sealer that hides nothing but keeps to the contract: what it sealed opens with its label only."""

from __future__ import annotations

from twoleg.application.webhook_ports import CannotOpen


class OpenSealer:
    """The `Sealer`."""

    def seal_octets(self, secret: bytes, *, label: str) -> bytes:
        return label.encode() + b"\0" + secret

    def open_octets(self, sealed: bytes, *, label: str) -> bytes:
        given, _, secret = sealed.partition(b"\0")
        if given != label.encode():
            raise CannotOpen(label)
        return secret
