"""Use case: make sure that there is a key to sign tokens with."""

from __future__ import annotations

from twoleg.application.ports import Clock, Directory, Entropy, Registry, SigningKey

KEY_BITS = 256
"""As many as HMAC-SHA256 makes use of."""
ID_BITS = 64


def ensure_signing_key(*, directory: Directory, registry: Registry, entropy: Entropy, clock: Clock) -> None:
    """Add a key when there is none; two processes doing so at once leave two, which is harmless: all of them verify."""
    if directory.signing_keys():
        return
    key_id = f"{entropy.bits(ID_BITS):016x}"
    secret = entropy.bits(KEY_BITS).to_bytes(KEY_BITS // 8, "big")
    registry.add_signing_key(SigningKey(key_id, secret), at=clock.now_ms())
