"""Hashing of app secrets: argon2id with OWASP's parameters."""

from __future__ import annotations

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
"""OWASP Password Storage Cheat Sheet, Argon2id: m=19456 (19 MiB), t=2, p=1."""


class Argon2Hasher:
    """The `SecretHasher`: each hash takes about 20 ms of CPU and 19 MiB, so callers keep it off their event loop.

    Safe to use from several threads; argon2 runs without the interpreter's lock.
    """

    def __init__(self) -> None:
        self._argon2 = PasswordHasher(
            time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES, type=Type.ID, hash_len=32, salt_len=16
        )

    def hash(self, secret: str) -> str:
        """The secret's hash with a fresh salt, in the PHC string format (`$argon2id$...`)."""
        return self._argon2.hash(secret)

    def verify(self, secret_hash: str, secret: str) -> bool:
        """Whether it is the secret's hash, compared in constant time; False too for a string that is no hash at all."""
        try:
            return self._argon2.verify(secret_hash, secret)
        except (VerificationError, InvalidHashError, UnicodeError):
            return False
