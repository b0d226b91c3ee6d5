"""Where an INVITE goes that was redirected: the Contacts of 3xx responses, best first, each once (RFC 3261 8.1.3.4).

No names are resolved: a Contact whose host is a name is asked for at the peer that gave it, which knows it.
"""

from __future__ import annotations

from typing import Final

from twoleg.sip.errors import SipParseError
from twoleg.sip.headers import NameAddr
from twoleg.sip.identity import Identity
from twoleg.sip.message import Response
from twoleg.sip.peers import Peer
from twoleg.sip.routing import as_request_uri, is_secure, next_hop
from twoleg.sip.uri import SipUri, TelUri, parse_uri
from twoleg.sip.values import Value

MAX_REDIRECTIONS: Final = 5
"""INVITEs that one call may become because of 3xx responses.  Ours; RFC 3261 leaves it open."""

_FOLLOWED: Final = frozenset({300, 301, 302, 305})
"""380 describes another service, not another place (21.3.5)."""

_NOT_THERE: Final = frozenset({404, 408, 410, 480, 484, 485, 500, 502, 503, 504})
"""A Contact that answers so cannot be reached, and the next one is asked.  Any other refusal is the callee's word."""


class Aim(Value, frozen=True, gc=False):
    """A Request-URI, and by way of whom."""

    uri: str
    peer: Peer


class Redirections:
    """The places that one INVITE was told of, and those where it has been."""

    __slots__ = ("_identity", "_left", "_seen", "_spent", "why")

    def __init__(self, identity: Identity, first: str) -> None:
        """`first` is where the INVITE was sent before any redirection."""
        self._identity = identity
        self._left: list[Aim] = []
        self._seen = [first]
        self._spent = 0
        self.why = ""
        """Why there is no further place, in a few words."""

    def next(self, response: Response, peer: Peer) -> Aim | None:
        """Where to try after `response` (300-699) of `peer`; None when that is the end, which `why` explains."""
        if response.status in _FOLLOWED:
            self._learn(response, peer)
        elif response.status not in _NOT_THERE:
            return None
        if not self._left:
            return None
        if self._spent >= MAX_REDIRECTIONS:
            self.why = f"redirected more than {MAX_REDIRECTIONS} times"
            return None
        self._spent += 1
        return self._left.pop(0)

    def _learn(self, response: Response, peer: Peer) -> None:
        """Put its Contacts before those that are left over from earlier responses."""
        fresh = []
        self.why = "no Contact that we could ask"
        for contact in sorted(response.contacts, key=_preference):
            aim = self._aim(contact, peer)
            if aim is None:
                continue
            if any(_is_same(aim.uri, seen) for seen in self._seen):
                self.why = "redirected in a loop"
                continue
            self._seen.append(aim.uri)
            fresh.append(aim)
        self._left = (fresh + self._left)[:MAX_REDIRECTIONS]

    def _aim(self, contact: NameAddr, peer: Peer) -> Aim | None:
        try:
            parsed = parse_uri(contact.uri)
        except SipParseError:
            return None  # mailto:, https: ...: nothing that an INVITE could be sent to
        if isinstance(parsed, TelUri):
            return Aim(contact.uri, peer)
        if is_secure(self._seen[0]) and parsed.scheme != "sips":
            return None  # 8.1.3.4: from SIPS to SIP only if a person agrees
        uri = as_request_uri(parsed)
        hop = next_hop(uri, peer)
        return Aim(uri, hop) if self._identity.has(hop.transport, hop) else None


def _preference(contact: NameAddr) -> float:
    """Sort key: the higher q is asked first, those without q (20.10) before all others."""
    try:
        q = float(contact.params.get("q") or 1.0)
    except ValueError:
        return 0.0
    return -q if 0.0 <= q <= 1.0 else 0.0


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return SipUri.parse(one).equivalent(SipUri.parse(other))
    except SipParseError:
        return False
