"""The door: whose request is it? Reads the two headers of the vendor's family and asks the application."""

from __future__ import annotations

from twoleg.api.asgi import Headers
from twoleg.api.http import HttpError
from twoleg.application.check_token import CheckToken, Grant
from twoleg.application.errors import TokenRejected

CHALLENGE = ((b"www-authenticate", b'Bearer error="invalid_token"'),)

_SCHEME = b"Bearer "


def authenticate(headers: Headers, check_token: CheckToken) -> Grant:
    """The grant behind `Authorization` and, when sent, `X-APP-Key` (decisions 1.2). Raises `HttpError` 401."""
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
    try:
        grant = check_token(authorization[len(_SCHEME) :])
    except TokenRejected as reason:
        raise rejected(str(reason)) from reason
    if app_key is not None and app_key != grant.app_key.encode():
        raise rejected("X-APP-Key is not the app key that the token was issued to")
    return grant


def rejected(text: str) -> HttpError:
    """A 401 with the challenge that goes with it."""
    return HttpError(401, text, headers=CHALLENGE)
