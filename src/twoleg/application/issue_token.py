"""Use case: an app shows its key and secret and gets a bearer token for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twoleg.application import tokens
from twoleg.application.ports import App, Clock, Directory, SigningKey
from twoleg.application.verify_secret import VerifySecret

LONGEST_LIFE = 3600
"""Seconds; also what a token lives when nothing was asked for (decisions 2)."""
SIGNS_AFTER_MS = 5_000
"""How long a new key is known before it signs: every process has read it by then (`CheckToken`)."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A fresh token. Times in seconds, as tokens are dealt in."""

    token: str = field(repr=False)
    app_key: str
    created_at: int
    """Seconds since the epoch."""
    lives: int
    """Seconds."""


class IssueToken:
    """Has credentials verified and signs tokens with the newest key that is known everywhere."""

    def __init__(self, *, verify: VerifySecret, directory: Directory, clock: Clock) -> None:
        self._verify = verify
        self._directory = directory
        self._clock = clock

    async def __call__(self, *, app_key: str, secret: str, source: str = "", lives: int = LONGEST_LIFE) -> IssuedToken:
        """A token that lives `lives` seconds, at most `LONGEST_LIFE`. Raises what `VerifySecret` raises."""
        app = await self._verify(app_key=app_key, secret=secret, source=source)
        return self._issue(app, min(lives, LONGEST_LIFE))

    def _issue(self, app: App, lives: int) -> IssuedToken:
        created_at = self._clock.now_ms() // 1000
        token = tokens.sign(
            app_key=app.app_key,
            expires_at=(created_at + lives) * 1000,
            key=signer(self._directory.signing_keys(), self._clock.now_ms()),
        )
        return IssuedToken(token=token, app_key=app.app_key, created_at=created_at, lives=lives)


def signer(keys: Sequence[SigningKey], now_ms: int) -> SigningKey:
    """The newest that has been known for `SIGNS_AFTER_MS`; where none has, the oldest. `keys`: newest first."""
    known = (key for key in keys if now_ms - key.created_at >= SIGNS_AFTER_MS)
    return next(known, keys[-1])
