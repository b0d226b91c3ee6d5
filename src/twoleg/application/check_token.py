"""Use case: does this bearer token open the door, and whose is it? Asked for every request, so it is quick."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from twoleg.application import tokens
from twoleg.application.errors import TokenRejected
from twoleg.application.ports import Clock, Directory, SigningKey
from twoleg.application.request_rate import RequestRate
from twoleg.domain.tenant import Tenant

REMEMBERED = 4096
"""Verified tokens kept; beyond, the one verified first is verified again when it comes."""
TENANT_FRESH_MS = 1000
"""How long a tenant's rules are used before they are read again."""
KEYS_FRESH_MS = 1000
"""How long the keys are used before they are read again: what a revoked one signed is refused from then on."""
KEYS_REREAD_MS = 100
"""Unknown key ids make us read the keys again, at most this often: forged tokens must not cost store reads."""

UNKNOWN = "the token is unknown: it was not issued by this service"
REVOKED = "the token is revoked: its app was disabled"
EXPIRED = "the token has expired: ask for a new one"
MALFORMED = "the token is malformed"


@dataclass(slots=True)
class Grant:
    """What a valid token stands for. Do not keep one beyond its request: the tenant is refreshed in place."""

    app_key: str
    key_id: str
    expires_at: int
    """Ms since the epoch."""
    tenant: Tenant
    tenant_read_at: int


class CheckToken:
    """Checks tokens, on the event loop. Remembers verified signatures; that the app is enabled is read every time."""

    def __init__(self, *, directory: Directory, clock: Clock, rate: RequestRate) -> None:
        self._directory = directory
        self._rate = rate
        self._clock = clock
        self._grants: dict[bytes, Grant] = {}
        self._enabled_now: set[str] = set()
        """Apps found enabled in this turn of the event loop; see `_is_enabled`."""
        self._keys: dict[str, SigningKey] = {}
        self._keys_read_at = -KEYS_FRESH_MS

    def __call__(self, token: bytes) -> Grant:
        """Whose token it is. Raises `TokenRejected`, whose message tells why, and `TooManyRequests`."""
        now = self._clock.now_ms()
        if not 0 <= now - self._keys_read_at < KEYS_FRESH_MS:
            self._read_keys(now)
        grant = self._grants.get(token) or self._verify(token, now)
        if grant.expires_at <= now:
            self._grants.pop(token, None)
            raise TokenRejected(EXPIRED)
        if grant.app_key not in self._enabled_now and not self._is_enabled(grant.app_key):
            raise TokenRejected(REVOKED)
        if not 0 <= now - grant.tenant_read_at < TENANT_FRESH_MS:
            grant.tenant = self._tenant_of(grant.app_key)
            grant.tenant_read_at = now
        self._rate.admit(grant.app_key, grant.tenant)
        return grant

    def _is_enabled(self, app_key: str) -> bool:
        """Ask the store, and let the other requests of this turn of the loop use the answer.

        They were all received before it was read, so it is no older than any of them: what is received from now on is
        handled after the callback below. Under load a turn handles dozens of requests.
        """
        enabled = self._directory.is_enabled(app_key)
        if enabled:
            if not self._enabled_now:
                asyncio.get_running_loop().call_soon(self._enabled_now.clear)
            self._enabled_now.add(app_key)
        return enabled

    def _verify(self, token: bytes, now: int) -> Grant:
        claim = tokens.read(token)
        if claim is None:
            raise TokenRejected(MALFORMED)
        key = self._key(claim.key_id, now)
        if key is None or not claim.is_signed_with(key):
            raise TokenRejected(UNKNOWN)
        if claim.expires_at <= now:
            raise TokenRejected(EXPIRED)
        grant = Grant(claim.app_key, key.key_id, claim.expires_at, self._tenant_of(claim.app_key), tenant_read_at=now)
        self._remember(token, grant)
        return grant

    def _tenant_of(self, app_key: str) -> Tenant:
        app = self._directory.app(app_key)
        tenant = self._directory.tenant(app.tenant_id) if app is not None else None
        if tenant is None:
            raise TokenRejected(REVOKED)
        return tenant

    def _remember(self, token: bytes, grant: Grant) -> None:
        if len(self._grants) >= REMEMBERED:
            del self._grants[next(iter(self._grants))]
        self._grants[token] = grant

    def _key(self, key_id: str, now: int) -> SigningKey | None:
        if key_id not in self._keys and now - self._keys_read_at >= KEYS_REREAD_MS:
            self._read_keys(now)
        return self._keys.get(key_id)

    def _read_keys(self, now: int) -> None:
        before = self._keys
        self._keys = {key.key_id: key for key in self._directory.signing_keys()}
        self._keys_read_at = now
        if before.keys() - self._keys.keys():
            self._grants = {token: grant for token, grant in self._grants.items() if grant.key_id in self._keys}
