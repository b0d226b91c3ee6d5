"""Sealed secrets: AES-256-GCM with a key from a file beside the store, so that the store alone shows nothing."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder, encode

from twoleg.application.errors import ApplicationError
from twoleg.application.ports import Entropy
from twoleg.application.webhook_ports import CannotOpen
from twoleg.domain.webhooks import Credentials

_KEY_OCTETS = 32
_NONCE_OCTETS = 12
"""NIST SP 800-38D 8.2.2: 96 random bits; good for 2**32 seals by one key."""
_FORM = b"\x01"
"""The first octet of what is sealed: how it is laid out."""

_CREDENTIALS = Decoder(Credentials)


class UnusableKey(ApplicationError):
    """The key file cannot be used; the message is one line for the operator."""


def key_file_of(store: Path) -> Path:
    """Where the key of that store lies."""
    return store.with_name(store.name + ".webhook-key")


class FileSecretBox:
    """The `SecretBox` and the `Sealer`.

    The key is made when it is first needed; from then on it belongs to the store's backup.
    """

    def __init__(self, file: Path, *, entropy: Entropy) -> None:
        self._file = file
        self._entropy = entropy
        self._cipher: AESGCM | None = None

    def seal(self, credentials: Credentials, *, label: str) -> bytes:
        """See `SecretBox.seal`. Raises `UnusableKey`."""
        return self.seal_octets(encode(credentials), label=label)

    def open(self, sealed: bytes, *, label: str) -> Credentials:
        """See `SecretBox.open`. Raises `UnusableKey` too."""
        try:
            return _CREDENTIALS.decode(self.open_octets(sealed, label=label))
        except (DecodeError, ValidationError) as error:
            raise CannotOpen(f"the secrets of {label} do not open with the key in {self._file}") from error

    def seal_octets(self, secret: bytes, *, label: str) -> bytes:
        """See `Sealer.seal_octets`. Raises `UnusableKey`."""
        nonce = self._entropy.bits(_NONCE_OCTETS * 8).to_bytes(_NONCE_OCTETS, "big")
        return _FORM + nonce + self._ready().encrypt(nonce, secret, label.encode())

    def open_octets(self, sealed: bytes, *, label: str) -> bytes:
        """See `Sealer.open_octets`. Raises `UnusableKey`."""
        nonce, rest = sealed[1 : 1 + _NONCE_OCTETS], sealed[1 + _NONCE_OCTETS :]
        if sealed[:1] != _FORM or len(nonce) < _NONCE_OCTETS:
            raise CannotOpen(f"the secrets of {label} are sealed in a way that is not known")
        try:
            return self._ready().decrypt(nonce, rest, label.encode())
        except InvalidTag as error:
            raise CannotOpen(f"the secrets of {label} do not open with the key in {self._file}") from error

    def _ready(self) -> AESGCM:
        if self._cipher is None:
            self._cipher = AESGCM(self._key())
        return self._cipher

    def _key(self) -> bytes:
        try:
            return self._read()
        except FileNotFoundError:
            self._make()
        except OSError as error:
            raise UnusableKey(f"{self._file}: cannot be read: {error.strerror}") from error
        return self._read()

    def _read(self) -> bytes:
        with self._file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            key = opened.read(_KEY_OCTETS + 1)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UnusableKey(f"{self._file}: others may read it; it is for its owner only (chmod 600)")
        if len(key) != _KEY_OCTETS:
            raise UnusableKey(f"{self._file}: holds {len(key)} octets, not a key of {_KEY_OCTETS}")
        return key

    def _make(self) -> None:
        """Whole or not at all, and once: of two processes that make one, one key stays."""
        key = self._entropy.bits(_KEY_OCTETS * 8).to_bytes(_KEY_OCTETS, "big")
        draft = self._file.with_name(f"{self._file.name}.{self._entropy.bits(64):016x}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(key)
                opened.flush()
                os.fsync(opened.fileno())
            with suppress(FileExistsError):
                os.link(draft, self._file)
            draft.unlink()
        except OSError as error:
            raise UnusableKey(f"{self._file}: cannot be made: {error.strerror}") from error
