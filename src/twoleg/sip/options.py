"""Our OPTIONS outside a dialog, to learn whether a peer is alive (RFC 3261 11.1)."""

from __future__ import annotations

from twoleg.sip.core import Core
from twoleg.sip.events import FailureOrigin, OptionsAnswered
from twoleg.sip.headers import Headers, NameAddr
from twoleg.sip.message import Request, Response
from twoleg.sip.outgoing import ACCEPT, MAX_FORWARDS
from twoleg.sip.peers import Peer
from twoleg.sip.routing import is_secure


class Ping:
    """One OPTIONS; any final response is a sign of life."""

    __slots__ = ("_core", "_token")

    def __init__(self, core: Core, token: object) -> None:
        self._core = core
        self._token = token

    def send(self, *, target: str, peer: Peer, from_: NameAddr, now: float) -> None:
        """Send it to `peer`."""
        identity = self._core.identity
        fields = [
            ("Via", identity.via(peer)),
            MAX_FORWARDS,
            ("From", str(from_.with_tag(identity.tag()))),
            ("To", f"<{target}>"),
            ("Call-ID", identity.call_id()),
            ("CSeq", "1 OPTIONS"),
            ("Contact", identity.contact(peer, is_secure=is_secure(target))),
            ("Accept", ACCEPT),
            ("User-Agent", identity.product),
        ]
        request = Request("OPTIONS", target, Headers.of_canonical(fields))
        self._core.transactions.request(request, peer=peer, user=self, now=now)

    def response_received(self, response: Response, _now: float) -> None:
        """Tell the owner of the first final response."""
        if response.status >= 200:
            self._core.tell(OptionsAnswered(self._token, response.status))

    def request_failed(self, _origin: FailureOrigin, _now: float) -> None:
        """Tell the owner that nothing came back."""
        self._core.tell(OptionsAnswered(self._token, None))
