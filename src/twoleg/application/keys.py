"""Use cases of the keys that sign tokens: which one signs, when it is replaced, and what becomes of those before it.

A new key is known for a while before it signs, so that every API process has read it by then. One that was replaced
verifies until the last token that it can have signed has expired; then it is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from twoleg.application.issue_token import LONGEST_LIFE, SIGNS_AFTER_MS
from twoleg.application.ports import Clock, Directory, Entropy, SigningKey
from twoleg.application.registry import Registry
from twoleg.domain.audit import SERVICE, Act, Entry

KEY_BITS = 256
"""As many as HMAC-SHA256 makes use of."""
ID_BITS = 64
MS_A_DAY = 86_400_000

_OUTLIVED_MS = LONGEST_LIFE * 1000 + SIGNS_AFTER_MS + 60_000
"""How long after a key was replaced its last token has expired for certain: a minute for what is under way."""


def ensure_signing_key(*, directory: Directory, registry: Registry, entropy: Entropy, clock: Clock) -> None:
    """Add a key when there is none; two processes doing so at once leave two, which is harmless: all of them verify."""
    if not directory.signing_keys():
        add_key(registry=registry, entropy=entropy, clock=clock, who=SERVICE)


def add_key(*, registry: Registry, entropy: Entropy, clock: Clock, who: str) -> str:
    """A fresh key, which signs before long; answers its id. Raises `StoreUnavailable`."""
    key_id = f"{entropy.bits(ID_BITS):016x}"
    secret = entropy.bits(KEY_BITS).to_bytes(KEY_BITS // 8, "big")
    now = clock.now_ms()
    note = Entry(at=now, who=who, act=Act.KEY_ADDED, subject=key_id)
    registry.add_signing_key(SigningKey(key_id, secret, now), at=now, note=note)
    return key_id


def rotate_when_due(*, days: int, directory: Directory, registry: Registry, entropy: Entropy, clock: Clock) -> None:
    """Replace the newest key when it is `days` old (0: never), and delete what has outlived its tokens.

    Of several processes that find it due at once each adds a key, which is harmless. Raises `StoreUnavailable`.
    """
    now = clock.now_ms()
    keys = directory.signing_keys()
    if days and keys and now - keys[0].created_at >= days * MS_A_DAY:
        add_key(registry=registry, entropy=entropy, clock=clock, who=SERVICE)
    gone = outlived(keys, now)
    if gone:
        revoke(gone, registry=registry, clock=clock, who=SERVICE)


def revoke(key_ids: Sequence[str], *, registry: Registry, clock: Clock, who: str) -> None:
    """Delete keys: their tokens are refused within a second, by every process. Raises `StoreUnavailable`."""
    note = Entry(
        at=clock.now_ms(), who=who, act=Act.KEYS_REVOKED, subject=" ".join(key_ids), before={"keys": len(key_ids)}
    )
    registry.remove_signing_keys(key_ids, note=note)


def outlived(keys: Sequence[SigningKey], now_ms: int) -> list[str]:
    """The ids of those whose tokens have all expired. `keys`: newest first."""
    return [older.key_id for newer, older in pairwise(keys) if now_ms - newer.created_at > _OUTLIVED_MS]
