"""What a bearer token looks like: signing and reading one. Nothing is stored: tokens live as long as their keys.

    base64url(key id ":" expiry ":" app key) "." base64url(HMAC-SHA256 of the first part under that key)

The expiry is in ms since the epoch. All characters are those of RFC 6750's b64token, without padding.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from twoleg.application.ports import SigningKey

_PURPOSE = b"twoleg bearer token, form 1\0"
"""Signed along, so that a signature made for anything else with the same key is none here."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says of itself; true only if `is_signed_with` says so."""

    key_id: str
    expires_at: int
    """Ms since the epoch."""
    app_key: str
    signed: bytes
    mac: bytes

    def is_signed_with(self, key: SigningKey) -> bool:
        """Whether this key signed it; in constant time."""
        return hmac.compare_digest(self.mac, _mac(key, self.signed))


def sign(*, app_key: str, expires_at: int, key: SigningKey) -> str:
    """A token for the app. Raises `ValueError` for a key id with a colon in it."""
    if ":" in key.key_id:
        raise ValueError(f"signing key id {key.key_id!r} must not contain a colon")
    signed = _encode(f"{key.key_id}:{expires_at}:{app_key}".encode())
    return (signed + b"." + _encode(_mac(key, signed))).decode("ascii")


def read(token: bytes) -> Claim | None:
    """The token's claim, not yet believed; None when it is not of our form at all."""
    signed, _, mac = token.partition(b".")
    try:
        key_id, expires_at, app_key = _decode(signed).decode().split(":", 2)
        return Claim(key_id, int(expires_at), app_key, signed=signed, mac=_decode(mac))
    except ValueError:  # of base64, of UTF-8, of the number of parts, of the integer
        return None


def _mac(key: SigningKey, signed: bytes) -> bytes:
    return hmac.digest(key.secret, _PURPOSE + signed, "sha256")


def _encode(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    """What was encoded; only the one spelling that `_encode` gives is taken."""
    raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if _encode(raw) != text:
        raise binascii.Error("not how this service spells base64url")
    return raw
