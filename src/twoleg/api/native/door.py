"""The door of the native face: a bearer token, or an app's key and secret with each request."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass

from twoleg.api.asgi import Headers
from twoleg.api.http import one_header
from twoleg.api.native.problems import Kind, Problem
from twoleg.api.source import source
from twoleg.application.check_credentials import CheckCredentials, Login
from twoleg.application.check_token import CheckToken
from twoleg.application.errors import CredentialsRejected, TokenRejected
from twoleg.application.lockout import LockedOut
from twoleg.application.request_rate import TooManyRequests
from twoleg.application.verify_secret import TooManyLogins

CHALLENGE = ((b"www-authenticate", b'Bearer realm="twoleg", Basic realm="twoleg", charset="UTF-8"'),)
"""RFC 9110 11.6.1: both ways in, one header."""


@dataclass(frozen=True, slots=True)
class Door:
    """Asked by each handler first: `login = await door(request.headers)`."""

    check_token: CheckToken
    check_credentials: CheckCredentials

    async def __call__(self, headers: Headers) -> Login:
        """Whose request it is. Raises `Problem` 401 and 429, `HttpError` 400 for a repeated header."""
        given = one_header(headers, b"authorization")
        if given is None:
            raise _closed("the Authorization header is missing: send Bearer and a token, or Basic and key:secret")
        scheme, _, rest = given.partition(b" ")
        if scheme.lower() == b"bearer":
            return self._by_token(rest)
        if scheme.lower() == b"basic":
            return await self._by_secret(rest)
        raise _closed("Authorization must be Bearer and a token, or Basic and the Base64 of key:secret")

    def _by_token(self, token: bytes) -> Login:
        try:
            grant = self.check_token(token)
        except TokenRejected as reason:
            raise _closed(str(reason)) from reason
        except TooManyRequests as reason:
            raise _too_many(str(reason), reason.seconds) from reason
        return Login(grant.app_key, grant.tenant)

    async def _by_secret(self, encoded: bytes) -> Login:
        try:
            app_key, colon, secret = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError as error:  # of Base64 or of UTF-8
            raise _closed("Authorization: Basic must be followed by the Base64 of key:secret") from error
        if not colon:
            raise _closed("Authorization: Basic must be followed by the Base64 of key:secret")
        try:
            return await self.check_credentials(app_key=app_key, secret=secret, source=source())
        except CredentialsRejected as reason:
            raise _closed(str(reason)) from reason
        except (LockedOut, TooManyRequests) as reason:
            raise _too_many(str(reason), reason.seconds) from reason
        except TooManyLogins as reason:
            raise _too_many(str(reason), 1) from reason


def _closed(text: str) -> Problem:
    return Problem(Kind.UNAUTHORIZED, text, member="Authorization", headers=CHALLENGE)


def _too_many(text: str, seconds: int) -> Problem:
    return Problem(Kind.TOO_MANY_REQUESTS, text, headers=((b"retry-after", b"%d" % seconds),))
