"""Use case: an app shows its key and secret and gets a bearer token for a while."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass

from twoleg.application import tokens
from twoleg.application.errors import ApplicationError, CredentialsRejected
from twoleg.application.ports import App, Clock, Directory, Entropy, SecretHasher

LONGEST_LIFE = 3600
"""Seconds; also what a token lives when nothing was asked for (decisions 2)."""
MOST_WAITING = 64
"""Verifications under way or in line. Each is some 20 ms of work by design: beyond this, ask again later."""


class TooManyLogins(ApplicationError):
    """More credentials are waiting to be verified than will be served soon. Nobody's fault; retry in a second."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A fresh token. Times in seconds, as tokens are dealt in."""

    token: str
    app_key: str
    created_at: int
    """Seconds since the epoch."""
    lives: int
    """Seconds."""


class IssueToken:
    """Verifies credentials, slowly and off the loop, and signs tokens with the newest key."""

    def __init__(
        self, *, directory: Directory, hasher: SecretHasher, clock: Clock, entropy: Entropy, threads: Executor
    ) -> None:
        """`threads`: where secrets are verified; its size bounds the cores that logins can take."""
        self._directory = directory
        self._hasher = hasher
        self._clock = clock
        self._threads = threads
        self._waiting = 0
        # Verified against when the key is unknown, so that the time of the answer does not tell keys apart.
        self._nobodys_hash = hasher.hash(f"{entropy.bits(128):032x}")

    async def __call__(self, *, app_key: str, secret: str, lives: int = LONGEST_LIFE) -> IssuedToken:
        """A token that lives `lives` seconds, at most `LONGEST_LIFE`.

        Raises `CredentialsRejected` (unknown key, wrong secret and disabled app alike), `TooManyLogins`.
        """
        app = self._directory.app(app_key)
        matches = await self._verify(app, secret)
        if app is None or not matches or not app.enabled:
            raise CredentialsRejected("the app key or its secret is wrong")
        return self._issue(app, min(lives, LONGEST_LIFE))

    async def _verify(self, app: App | None, secret: str) -> bool:
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

    def _issue(self, app: App, lives: int) -> IssuedToken:
        created_at = self._clock.now_ms() // 1000
        token = tokens.sign(
            app_key=app.app_key, expires_at=(created_at + lives) * 1000, key=self._directory.signing_keys()[0]
        )
        return IssuedToken(token=token, app_key=app.app_key, created_at=created_at, lives=lives)
