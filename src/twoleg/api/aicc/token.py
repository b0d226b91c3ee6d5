"""tokenByAkSk: credentials in, bearer token out."""

from __future__ import annotations

from msgspec.json import Decoder, encode

from twoleg.api.aicc.bearer import too_many
from twoleg.api.aicc.decode import decode
from twoleg.api.aicc.wire import TokenRequest, TokenResponse
from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, HttpError, one_header
from twoleg.api.source import source
from twoleg.application.errors import CredentialsRejected
from twoleg.application.issue_token import LONGEST_LIFE, IssuedToken, IssueToken
from twoleg.application.lockout import LockedOut
from twoleg.application.verify_secret import TooManyLogins

SCOPE = "CC-Management"
"""Opaque to clients (aicc-interfaces 2): the API group that the token is for."""

_DIGITS = frozenset(b"0123456789")
_NO_STORE = ((b"cache-control", b"no-store"),)
"""RFC 6749 section 5.1: an answer that holds a token is not to be cached."""
_CHALLENGE = ((b"www-authenticate", b'Bearer error="invalid_client"'),)


class TokenByAkSk:
    """The handler."""

    def __init__(self, issue_token: IssueToken) -> None:
        self._issue_token = issue_token
        self._decoder = Decoder(TokenRequest)

    async def __call__(self, headers: Headers, body: bytes) -> Answer:
        """Answer one request."""
        lives = _wanted_life(one_header(headers, b"x-token-expire"))
        wanted = decode(self._decoder, body)
        try:
            issued = await self._issue_token(
                app_key=wanted.app_key, secret=wanted.app_secret, source=source(), lives=lives
            )
        except CredentialsRejected as reason:
            raise HttpError(401, str(reason), headers=_CHALLENGE) from reason
        except LockedOut as reason:
            raise too_many(reason) from reason
        except TooManyLogins as reason:
            raise HttpError(429, str(reason), headers=((b"retry-after", b"1"),)) from reason
        return Answer(encode(_response(issued)), headers=_NO_STORE)


def _wanted_life(header: bytes | None) -> int:
    """Seconds asked for in X-Token-Expire (decisions 2). Raises `HttpError` 400."""
    if header is None:
        return LONGEST_LIFE
    if not header or not _DIGITS.issuperset(header):
        raise HttpError(400, "X-Token-Expire must be a number of seconds")
    digits = header.lstrip(b"0")
    if not digits:
        raise HttpError(400, "X-Token-Expire must be at least 1 second")
    return LONGEST_LIFE if len(digits) > len(str(LONGEST_LIFE)) else min(int(digits), LONGEST_LIFE)


def _response(issued: IssuedToken) -> TokenResponse:
    return TokenResponse(
        AccessToken=issued.token,
        ApplyType="Bearer",
        CreateTime=str(issued.created_at),
        Expires=str(issued.lives),
        Scope=SCOPE,
        AppKey=issued.app_key,
        UserID="Anonymous",
    )
