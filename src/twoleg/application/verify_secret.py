"""Use case: is this the secret of that app? Slowly, off the loop, and in a time that tells nobody which keys exist."""

from __future__ import annotations

import asyncio
import hmac
from concurrent.futures import Executor

from twoleg.application.errors import ApplicationError, CredentialsRejected
from twoleg.application.lockout import Lockout
from twoleg.application.ports import App, Directory, Entropy, SecretHasher

MOST_WAITING = 64
"""Verifications under way or in line. Each is some 20 ms of work by design: beyond this, ask again later."""
MOST_REMEMBERED = 4096
"""Credentials that were right; beyond, the ones used longest ago are verified like new ones."""


class TooManyLogins(ApplicationError):
    """More credentials are waiting to be verified than will be served soon. Nobody's fault; retry in a second."""


class VerifySecret:
    """One per process: it bounds the line."""

    def __init__(
        self, *, directory: Directory, hasher: SecretHasher, entropy: Entropy, threads: Executor, lockout: Lockout
    ) -> None:
        """`threads`: where secrets are verified; its size bounds the cores that logins can take."""
        self._directory = directory
        self._hasher = hasher
        self._threads = threads
        self._lockout = lockout
        self._waiting = 0
        self._key = entropy.bits(256).to_bytes(32, "big")
        self._right: dict[bytes, None] = {}
        """Keyed digests of credentials that were right: of no use outside this process."""
        # Verified against when the key is unknown, so that the time of the answer does not tell keys apart.
        self._nobodys_hash = hasher.hash(f"{entropy.bits(128):032x}")

    async def __call__(self, *, app_key: str, secret: str, source: str = "") -> App:
        """The enabled app whose secret it is. `source`: the address that the request came from.

        Raises `CredentialsRejected` (unknown key, wrong secret and disabled app alike), `TooManyLogins`, `LockedOut`.
        Credentials that were right before in this process are never locked out, whoever else guesses from there.
        """
        app = self._directory.app(app_key)
        digest = self._digest(app, app_key, secret)
        if digest not in self._right:
            self._lockout.check(app_key, source)
        matches = await self._matches(app, secret)
        if app is None or not matches or not app.enabled:
            self._lockout.failed(app_key, source)
            raise CredentialsRejected("the app key or its secret is wrong")
        self._lockout.succeeded(app_key, source)
        self._remember(digest)
        return app

    def _digest(self, app: App | None, app_key: str, secret: str) -> bytes:
        """Another one as soon as the app's secret is."""
        parts = (app_key, "" if app is None else app.secret_hash, secret)
        return hmac.digest(self._key, b"\0".join(part.encode("utf-8", "replace") for part in parts), "sha256")

    def _remember(self, digest: bytes) -> None:
        self._right.pop(digest, None)
        if len(self._right) >= MOST_REMEMBERED:
            del self._right[next(iter(self._right))]
        self._right[digest] = None

    async def _matches(self, app: App | None, secret: str) -> bool:
        if self._waiting >= MOST_WAITING:
            raise TooManyLogins("too many logins at once")
        secret_hash = self._nobodys_hash if app is None else app.secret_hash
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._hasher.verify, secret_hash, secret
            )
        finally:
            self._waiting -= 1
