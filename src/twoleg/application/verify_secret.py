"""Use case: is this the secret of that app? Slowly, off the loop, and in a time that tells nobody which keys exist."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from twoleg.application.errors import ApplicationError, CredentialsRejected
from twoleg.application.ports import App, Directory, Entropy, SecretHasher

MOST_WAITING = 64
"""Verifications under way or in line. Each is some 20 ms of work by design: beyond this, ask again later."""


class TooManyLogins(ApplicationError):
    """More credentials are waiting to be verified than will be served soon. Nobody's fault; retry in a second."""


class VerifySecret:
    """One per process: it bounds the line."""

    def __init__(self, *, directory: Directory, hasher: SecretHasher, entropy: Entropy, threads: Executor) -> None:
        """`threads`: where secrets are verified; its size bounds the cores that logins can take."""
        self._directory = directory
        self._hasher = hasher
        self._threads = threads
        self._waiting = 0
        # Verified against when the key is unknown, so that the time of the answer does not tell keys apart.
        self._nobodys_hash = hasher.hash(f"{entropy.bits(128):032x}")

    async def __call__(self, *, app_key: str, secret: str) -> App:
        """The enabled app whose secret it is.

        Raises `CredentialsRejected` (unknown key, wrong secret and disabled app alike), `TooManyLogins`.
        """
        app = self._directory.app(app_key)
        matches = await self._matches(app, secret)
        if app is None or not matches or not app.enabled:
            raise CredentialsRejected("the app key or its secret is wrong")
        return app

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
