"""Who we are to a peer that challenges us, and what we know of its challenges (RFC 3261 22)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twoleg.sip.digest import Challenge, authorization, parse_challenge
from twoleg.sip.errors import SipParseError
from twoleg.sip.identity import Identity
from twoleg.sip.message import Response

_MAX_RETRIES: Final = 4
"""Two realms on the path (22.3), each with one stale nonce."""

_HEADERS: Final = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password for digest authentication, good for whatever realm asks."""

    username: str
    password: str


class Login:
    """The challenges that one leg has met; they are answered unasked in its later requests."""

    __slots__ = ("_answered", "_credentials", "_identity")

    def __init__(self, credentials: Credentials, identity: Identity) -> None:
        self._credentials = credentials
        self._identity = identity
        self._answered: dict[tuple[str, str], tuple[Challenge, int]] = {}

    def learn(self, response: Response, *, retries: int) -> bool:
        """Whether a request refused with `response` is worth sending again.

        `retries` counts how often this request was sent again already.  A new nonce alone does not do: without
        stale=true it means that the password is wrong (22.1), unless we had answered an old nonce unasked.
        """
        names = _HEADERS.get(response.status)
        if names is None or retries >= _MAX_RETRIES:
            return False
        is_worth_it = False
        for challenge in _supported(response.headers.get_all(names[0])):
            known = self._answered.get((names[1], challenge.realm))
            if known is None or (known[0].nonce != challenge.nonce and (retries == 0 or challenge.is_stale)):
                self._answered[names[1], challenge.realm] = (challenge, 0)
                is_worth_it = True
        return is_worth_it

    def fields(self, *, method: str, uri: str, body: bytes) -> list[tuple[str, str]]:
        """The Authorization and Proxy-Authorization headers for a request to `uri`."""
        fields = []
        for (header, realm), (challenge, count) in self._answered.items():
            self._answered[header, realm] = (challenge, count + 1)
            value = authorization(
                challenge,
                method=method,
                uri=uri,
                username=self._credentials.username,
                password=self._credentials.password,
                cnonce=self._identity.tag(),
                nonce_count=count + 1,
                body=body,
            )
            fields.append((header, value))
        return fields


def _supported(values: list[str]) -> list[Challenge]:
    """The first challenge per realm that we can answer: servers list them best first (RFC 8760 2.4)."""
    chosen: dict[str, Challenge] = {}
    for value in values:
        try:
            challenge = parse_challenge(value)
        except SipParseError:
            continue
        if challenge.is_supported:
            chosen.setdefault(challenge.realm, challenge)
    return list(chosen.values())
