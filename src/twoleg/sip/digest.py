"""Digest access authentication: RFC 7616, its older form RFC 2617, and for SIP RFC 3261 22 and RFC 8760.

The client side answers challenges; the small server side makes challenges and checks credentials.  Nonces and
cnonces are arguments.  Quoted values are kept without quotes but with their escapes, and go into the hash and back on
the wire exactly so.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from twoleg.sip.errors import DigestError, SipParseError
from twoleg.sip.syntax import end_of_quoted, is_token, split_list

_HASHES: Final[dict[str, str]] = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
"""Algorithm token in lower case (RFC 7616 6.1), without -sess, to the name in hashlib."""

_SESS: Final = "-sess"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate value.

    `algorithm` is the token as it came, None when it was left out (MD5).  `qop` holds lower-case tokens in order, ()
    for the form without qop.  `is_stale` says that only the nonce was at fault: answer again with the same password.
    """

    realm: str
    nonce: str
    algorithm: str | None = None
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    is_stale: bool = False
    wants_userhash: bool = False

    @property
    def is_supported(self) -> bool:
        """Whether `authorization` can answer it."""
        return _hash_name(self.algorithm) is not None and (not self.qop or self.chosen_qop is not None)

    @property
    def chosen_qop(self) -> str | None:
        """`auth` before `auth-int`; None without qop or when we know none of it."""
        return next((qop for qop in ("auth", "auth-int") if qop in self.qop), None)


@dataclass(frozen=True, slots=True)
class Credentials:
    """One Authorization or Proxy-Authorization value.  `nonce_count` is hexadecimal text, as it is hashed."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str | None = None
    qop: str | None = None
    nonce_count: str = ""
    cnonce: str = ""
    opaque: str | None = None


def parse_challenge(text: str) -> Challenge:
    """Read one challenge.  Raises SipParseError, also for a scheme other than Digest."""
    params = _parse_auth_params(text)
    return Challenge(
        realm=_required(params, "realm"),
        nonce=_required(params, "nonce"),
        algorithm=_token(params, "algorithm"),
        qop=tuple([token.strip().lower() for token in params.get("qop", "").split(",") if token.strip()]),
        opaque=params.get("opaque"),
        is_stale=params.get("stale", "").lower() == "true",
        wants_userhash=params.get("userhash", "").lower() == "true",
    )


def choose_challenge(values: Sequence[str]) -> Challenge | None:
    """The first challenge we can answer, in the order of the server's preference (RFC 8760 2.4); None if none."""
    for value in values:
        try:
            challenge = parse_challenge(value)
        except SipParseError:
            continue
        if challenge.is_supported:
            return challenge
    return None


def authorization(  # noqa: PLR0913 - each is an input of the formula in RFC 7616 3.4.1
    challenge: Challenge,
    *,
    method: str,
    uri: str,
    username: str,
    password: str,
    cnonce: str,
    nonce_count: int = 1,
    body: bytes = b"",
) -> str:
    """The Authorization or Proxy-Authorization value that answers `challenge`.

    `uri` is the Request-URI.  `cnonce` is fresh random text without quotes.  `nonce_count` starts at 1 and grows by 1
    with each use of the nonce.  Raises DigestError when the challenge is not `is_supported`, or `username`, `uri` or
    `cnonce` holds a quote.
    """
    if not challenge.is_supported:
        raise DigestError(f"unsupported algorithm {challenge.algorithm!r} or qop {challenge.qop!r}")
    if '"' in f"{username}{uri}{cnonce}":
        raise DigestError("quote inside a quoted value")
    unsigned = Credentials(
        username=username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        qop=challenge.chosen_qop,
        nonce_count=f"{nonce_count:08x}",
        cnonce=cnonce,
        opaque=challenge.opaque,
    )
    response = _response(unsigned, method=method, password=password, body=body)
    shown = _hasher(challenge.algorithm)(f"{username}:{challenge.realm}") if challenge.wants_userhash else username
    return _format_credentials(unsigned, username=shown, response=response, is_hashed=challenge.wants_userhash)


def format_challenge(challenge: Challenge) -> str:
    """The WWW-Authenticate or Proxy-Authenticate value of `challenge`."""
    parts = [f'realm="{challenge.realm}"']
    if challenge.qop:
        parts.append(f'qop="{",".join(challenge.qop)}"')
    if challenge.algorithm is not None:
        parts.append(f"algorithm={challenge.algorithm}")
    parts.append(f'nonce="{challenge.nonce}"')
    if challenge.opaque is not None:
        parts.append(f'opaque="{challenge.opaque}"')
    if challenge.is_stale:
        parts.append("stale=true")
    if challenge.wants_userhash:
        parts.append("userhash=true")
    return "Digest " + ", ".join(parts)


def parse_credentials(text: str) -> Credentials:
    """Read one Authorization or Proxy-Authorization value.  Raises SipParseError."""
    params = _parse_auth_params(text)
    return Credentials(
        username=_required(params, "username"),
        realm=_required(params, "realm"),
        nonce=_required(params, "nonce"),
        uri=_required(params, "uri"),
        response=_required(params, "response").lower(),
        algorithm=_token(params, "algorithm"),
        qop=(_token(params, "qop") or "").lower() or None,
        nonce_count=params.get("nc", ""),
        cnonce=params.get("cnonce", ""),
        opaque=params.get("opaque"),
    )


def check(credentials: Credentials, *, method: str, password: str, body: bytes = b"") -> bool:
    """Whether `credentials` prove the password for this request.

    The caller compares realm, nonce, nonce count and uri with what it challenged and received.
    """
    if _hash_name(credentials.algorithm) is None or credentials.qop not in (None, "auth", "auth-int"):
        return False
    expected = _response(credentials, method=method, password=password, body=body)
    return hmac.compare_digest(expected.encode(), credentials.response.encode("utf-8", "surrogateescape"))


def _response(credentials: Credentials, *, method: str, password: str, body: bytes) -> str:
    """RFC 7616 3.4.1, and without qop the form that RFC 2617 3.2.2.1 keeps for RFC 2069."""
    digest = _hasher(credentials.algorithm)
    secret = digest(f"{credentials.username}:{credentials.realm}:{password}")
    if (credentials.algorithm or "").lower().endswith(_SESS):
        secret = digest(f"{secret}:{credentials.nonce}:{credentials.cnonce}")
    request = f"{method}:{credentials.uri}"
    if credentials.qop == "auth-int":
        request = f"{request}:{digest(body)}"
    if credentials.qop is None:
        return digest(f"{secret}:{credentials.nonce}:{digest(request)}")
    middle = f"{credentials.nonce}:{credentials.nonce_count}:{credentials.cnonce}:{credentials.qop}"
    return digest(f"{secret}:{middle}:{digest(request)}")


def _hash_name(algorithm: str | None) -> str | None:
    """The name in hashlib for an algorithm token, None when we (or this OpenSSL) do not have it."""
    token = (algorithm or "MD5").lower().removesuffix(_SESS)
    name = _HASHES.get(token)
    return name if name in hashlib.algorithms_available else None


def _hasher(algorithm: str | None) -> Callable[[str | bytes], str]:
    """H() of RFC 7616 3.3: text (as UTF-8) or octets to lower-case hexadecimal."""
    name = _hash_name(algorithm)
    if name is None:
        raise DigestError(f"unsupported algorithm {algorithm!r}")

    def digest(content: str | bytes) -> str:
        octets = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        return hashlib.new(name, octets, usedforsecurity=False).hexdigest()

    return digest


def _format_credentials(credentials: Credentials, *, username: str, response: str, is_hashed: bool) -> str:
    """The parameters in the order of the examples in RFC 7616 3.9."""
    parts = [f'username="{username}"', f'realm="{credentials.realm}"', f'uri="{credentials.uri}"']
    if credentials.algorithm is not None:
        parts.append(f"algorithm={credentials.algorithm}")
    parts.append(f'nonce="{credentials.nonce}"')
    if credentials.qop is not None:
        parts += [f"nc={credentials.nonce_count}", f'cnonce="{credentials.cnonce}"', f"qop={credentials.qop}"]
    elif (credentials.algorithm or "").lower().endswith(_SESS):
        parts.append(f'cnonce="{credentials.cnonce}"')
    parts.append(f'response="{response}"')
    if credentials.opaque is not None:
        parts.append(f'opaque="{credentials.opaque}"')
    if is_hashed:
        parts.append("userhash=true")
    return "Digest " + ", ".join(parts)


def _parse_auth_params(text: str) -> dict[str, str]:
    """The parameters after `Digest`: lower-case name to value without its quotes, escapes kept."""
    scheme, *rest = text.split(maxsplit=1) or [""]  # any white space may follow the scheme, not just one space
    if scheme.lower() != "digest":
        raise SipParseError("not a Digest header")
    params: dict[str, str] = {}
    for part in split_list(rest[0] if rest else ""):
        name, equals, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not equals or not is_token(name) or name in params:
            raise SipParseError("malformed Digest parameter")
        params[name] = _without_quotes(value)
    return params


def _without_quotes(value: str) -> str:
    if value.startswith('"'):
        if end_of_quoted(value, 0) != len(value):
            raise SipParseError("malformed Digest value")
        return value[1:-1]
    if '"' in value or "\\" in value or len(value.split()) != 1:  # between quotes it must mean the same
        raise SipParseError("malformed Digest value")
    return value


def _required(params: Mapping[str, str], name: str) -> str:
    value = params.get(name)
    if value is None:
        raise SipParseError(f"Digest header without {name}")
    return value


def _token(params: Mapping[str, str], name: str) -> str | None:
    """A value that is written without quotes; those who quote it against the rule are understood."""
    value = params.get(name)
    if value is not None and not is_token(value):
        raise SipParseError(f"{name} of a Digest header is no token")
    return value
