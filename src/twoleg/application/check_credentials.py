"""Use case: whose are this key and secret, sent with every request? Verified slowly once, then remembered a while."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass

from twoleg.application.errors import CredentialsRejected
from twoleg.application.ports import App, Clock, Directory, Entropy
from twoleg.application.request_rate import RequestRate
from twoleg.application.verify_secret import VerifySecret
from twoleg.domain.tenant import Tenant

REMEMBERED_MS = 60_000
"""How long a verified secret is believed without the slow verification."""
MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Login:
    """Who is asking."""

    app_key: str
    tenant: Tenant


class CheckCredentials:
    """On the event loop, one per process. A wrong secret is never remembered, so guessing stays slow.

    What is remembered is a keyed digest, under a key that this process drew for itself, of the app's key, its stored
    hash and the secret: of no use outside this process, and void as soon as the app's secret changes. That the app is
    enabled is read from the store every time.
    """

    def __init__(
        self, *, verify: VerifySecret, directory: Directory, clock: Clock, entropy: Entropy, rate: RequestRate
    ) -> None:
        self._verify = verify
        self._rate = rate
        self._directory = directory
        self._clock = clock
        self._key = entropy.bits(256).to_bytes(32, "big")
        self._believed_until: dict[bytes, int] = {}
        self._under_way: dict[bytes, asyncio.Task[App]] = {}

    async def __call__(self, *, app_key: str, secret: str, source: str = "") -> Login:
        """Whose they are. Raises `CredentialsRejected`, `TooManyLogins`, `LockedOut`, `TooManyRequests`."""
        app = self._directory.app(app_key)
        if app is None or not self._is_believed(app, secret):
            app = await self._verified(app, app_key=app_key, secret=secret, source=source)
        tenant = self._directory.tenant(app.tenant_id) if app.enabled else None
        if tenant is None:
            raise CredentialsRejected("the app key or its secret is wrong")
        self._rate.admit(app_key, tenant)
        return Login(app_key, tenant)

    def _is_believed(self, app: App, secret: str) -> bool:
        until = self._believed_until.get(self._digest(app, secret))
        return until is not None and 0 < until - self._clock.now_ms() <= REMEMBERED_MS

    async def _verified(self, app: App | None, *, app_key: str, secret: str, source: str) -> App:
        """Requests that come with the same credentials while they are being verified share the verification."""
        if app is None:
            return await self._verify(app_key=app_key, secret=secret, source=source)
        digest = self._digest(app, secret)
        task = self._under_way.get(digest)
        if task is None:
            task = asyncio.create_task(self._verify_and_remember(app, secret, digest, source))
            task.add_done_callback(_heed)
            self._under_way[digest] = task
        return await asyncio.shield(task)  # who goes away must not take the others' answer along

    async def _verify_and_remember(self, app: App, secret: str, digest: bytes, source: str) -> App:
        try:
            verified = await self._verify(app_key=app.app_key, secret=secret, source=source)
        finally:
            del self._under_way[digest]
        if verified.secret_hash == app.secret_hash:
            if len(self._believed_until) >= MOST_REMEMBERED:
                del self._believed_until[next(iter(self._believed_until))]
            self._believed_until[digest] = self._clock.now_ms() + REMEMBERED_MS
        return verified

    def _digest(self, app: App, secret: str) -> bytes:
        parts = (app.app_key, app.secret_hash, secret)
        return hmac.digest(self._key, b"\0".join(part.encode() for part in parts), "sha256")


def _heed(task: asyncio.Task[App]) -> None:
    """A refusal that nobody waits for any more is nobody's trouble."""
    if not task.cancelled():
        task.exception()
