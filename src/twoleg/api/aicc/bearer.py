"""The door: whose request is it? Reads the two headers of the vendor's family and asks the application."""

from __future__ import annotations

from twoleg.api.asgi import Headers
from twoleg.api.http import HttpError
from twoleg.application.check_token import CheckToken, Grant
from twoleg.application.errors import TokenRejected
from twoleg.application.lockout import LockedOut
from twoleg.application.request_rate import TooManyRequests

CHALLENGE = ((b"www-authenticate", b'Bearer error="invalid_token"'),)

_SCHEME = b"Bearer "


def authenticate(headers: Headers, check_token: CheckToken) -> Grant:
    """The grant behind `Authorization` and, when sent, `X-APP-Key` (decisions 1.2). Raises `HttpError` 401 and 429."""
    token, app_key = _credentials(headers)
    try:
        grant = check_token(token)
    except TokenRejected as reason:
        raise rejected(str(reason)) from reason
    except TooManyRequests as reason:
        raise too_many(reason) from reason
    if app_key is not None and app_key != grant.app_key.encode():
        raise rejected("X-APP-Key is not the app key that the token was issued to")
    return grant


def _credentials(headers: Headers) -> tuple[bytes, bytes | None]:
    """Token and app key as they were sent."""
    authorization = app_key = None
    for name, value in headers:
        if name == b"authorization":
            authorization = value if authorization is None else b""
        elif name == b"x-app-key":
            app_key = value
    if authorization is None:
        raise rejected("the Authorization header is missing")
    if not authorization.startswith(_SCHEME):
        raise rejected("Authorization is malformed: it must be Bearer, one space, the token")
    return authorization[len(_SCHEME) :], app_key


def rejected(text: str) -> HttpError:
    """A 401 with the challenge that goes with it."""
    return HttpError(401, text, headers=CHALLENGE)


def too_many(reason: TooManyRequests | LockedOut) -> HttpError:
    """A 429 that says when to come again."""
    return HttpError(429, str(reason), headers=((b"retry-after", b"%d" % reason.seconds),))
