"""Bearer tokens of receivers' own token services: OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from msgspec import DecodeError, Struct, ValidationError
from msgspec.json import Decoder

from twoleg.adapters.webhooks.http import NoAnswer, Poster
from twoleg.domain.webhooks import OAuth2

_LIFE = 300.0
"""Seconds a token is used whose answer does not say how long it lives (RFC 6749 5.1 only recommends that it does)."""
_MARGIN = 30.0
"""Seconds before its end from which a token is not used any more: it must live until the receiver looks at it."""
_REMEMBERED = 1024


class _Answer(Struct):
    access_token: str
    expires_in: float | None = None


_ANSWER = Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class _Token:
    token: str
    until: float


class Tokens:
    """Fetches a token when one is needed, keeps it while it lives, and fetches one at a time of each service."""

    def __init__(self, poster: Poster, *, now: Callable[[], float], seconds: float) -> None:
        """`now`: seconds of a clock that only runs forward; `seconds`: what a token service may take."""
        self._poster = poster
        self._now = now
        self._seconds = seconds
        self._kept: dict[OAuth2, _Token] = {}
        self._turns: dict[OAuth2, asyncio.Lock] = {}

    async def token(self, service: OAuth2) -> str:
        """A token that lives. Raises `NoAnswer`."""
        async with self._turns.setdefault(service, asyncio.Lock()):
            kept = self._kept.get(service)
            if kept is None or kept.until <= self._now():
                kept = self._remember(service, await self._fetch(service))
            return kept.token

    def refused(self, service: OAuth2, token: str) -> None:
        """The receiver does not take that token (401): the next one is fetched."""
        kept = self._kept.get(service)
        if kept is not None and kept.token == token:
            del self._kept[service]

    def _remember(self, service: OAuth2, token: _Token) -> _Token:
        if len(self._kept) >= _REMEMBERED:
            self._kept.clear()
            self._turns = {each: lock for each, lock in self._turns.items() if lock.locked()}
        self._kept[service] = token
        return token

    async def _fetch(self, service: OAuth2) -> _Token:
        wanted = {"grant_type": "client_credentials"} | ({} if service.scope is None else {"scope": service.scope})
        reply = await self._poster.post(
            service.token_url, headers=_headers(service), body=urlencode(wanted).encode(), seconds=self._seconds
        )
        if reply.status != 200:
            raise NoAnswer(f"its token service answered {reply.status}")
        try:
            answer = _ANSWER.decode(reply.body)
        except (DecodeError, ValidationError, UnicodeDecodeError) as error:
            raise NoAnswer("its token service gave no access_token") from error
        if not answer.access_token.isascii() or not answer.access_token.isprintable() or " " in answer.access_token:
            raise NoAnswer("its token service gave an access_token that is no token")
        life = _LIFE if answer.expires_in is None else answer.expires_in
        return _Token(answer.access_token, self._now() + max(life - _MARGIN, life / 2))


def _headers(service: OAuth2) -> list[tuple[str, str]]:
    """RFC 6749 2.3.1: id and secret are form-encoded before they become Basic credentials."""
    pair = f"{quote(service.client_id, safe='')}:{quote(service.client_secret, safe='')}"
    return [
        ("Authorization", "Basic " + b64encode(pair.encode()).decode()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
    ]
