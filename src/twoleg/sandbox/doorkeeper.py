"""The phone that wants a password: digest challenges (RFC 7616) and the check of what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from twoleg.sip.digest import Challenge, Credentials, check, format_challenge, parse_credentials
from twoleg.sip.errors import SipParseError
from twoleg.sip.message import Request

REALM: Final = "sandbox"
USERNAME: Final = "sandbox"
PASSWORD: Final = "sandbox"  # noqa: S105 - printed in the README: it protects nothing


class Doorkeeper:
    """Asks for MD5 with qop auth, as carriers do.  One nonce as long as it lives; a nonce may be used again."""

    def __init__(self, *, nonce: str) -> None:
        """`nonce` is text that nobody can guess, without quotes."""
        self._challenge = Challenge(realm=REALM, nonce=nonce, algorithm="MD5", qop=("auth",))

    def challenge_to(self, request: Request) -> str | None:
        """The Proxy-Authenticate value that answers `request`; None when it proves the password.

        Right password but another nonce (ours of an earlier life): the challenge is marked stale.
        """
        proofs = [given for given in _credentials(request) if _proves_password(given, method=request.method)]
        if any(given.nonce == self._challenge.nonce for given in proofs):
            return None
        return format_challenge(replace(self._challenge, is_stale=bool(proofs)))


def _credentials(request: Request) -> list[Credentials]:
    found = []
    for value in request.headers.get_all("Proxy-Authorization"):
        try:
            found.append(parse_credentials(value))
        except SipParseError:
            continue
    return found


def _proves_password(given: Credentials, *, method: str) -> bool:
    return given.realm == REALM and given.username == USERNAME and check(given, method=method, password=PASSWORD)
