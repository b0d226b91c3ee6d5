"""Dialogs: RFC 3261 12.  What two ends remember of each other, and the requests that this memory makes.

Also INVITE and SUBSCRIBE sharing, early dialogs and target refresh by UPDATE would live here; legs do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from twoleg.sip.credentials import Login
from twoleg.sip.errors import SipParseError
from twoleg.sip.headers import Headers, NameAddr
from twoleg.sip.identity import Identity
from twoleg.sip.message import Message, Request, Response
from twoleg.sip.outgoing import MAX_FORWARDS, Fields
from twoleg.sip.peers import Peer
from twoleg.sip.routing import as_request_uri, is_secure, next_hop, past_nat
from twoleg.sip.uri import SipUri

DialogKey: TypeAlias = tuple[str, str, str]
"""Call-ID, our tag, their tag ("" when a peer of before RFC 3261 has none)."""


def dialog_key(request: Request) -> DialogKey:
    """The dialog that an incoming request says it belongs to."""
    return (request.call_id, request.to.tag or "", request.from_.tag or "")


class Dialog:
    """One dialog.  `target` is the remote target, `peer` whom to fall back on when a route gives no address."""

    __slots__ = (
        "_identity",
        "_local",
        "_path",
        "_peer",
        "key",
        "local_cseq",
        "remote",
        "remote_cseq",
        "routes",
        "session",
        "target",
    )

    def __init__(  # noqa: PLR0913 - 12.1 lists as many parts
        self, *, key: DialogKey, local: str, remote: str, target: str, routes: list[str], peer: Peer, identity: Identity
    ) -> None:
        """`local` and `remote` are header values with tags; `routes` is the route set, next hop first."""
        self.key = key
        self.local_cseq = 0
        self.remote_cseq = -1
        self.target = target
        self.session: tuple[str, str] | None = None
        """The Session-ID header of all that we say in it."""
        self._local = local
        self.remote = remote
        self.routes = routes
        self._peer = peer
        self._identity = identity
        self._path: tuple[str, Fields, Peer] | None = None

    @classmethod
    def as_caller(cls, response: Response, *, target: str, peer: Peer, identity: Identity) -> Dialog:
        """12.1.2: from a 1xx or 2xx to our INVITE; without Contact, against the rule, `target` stays."""
        headers = response.headers
        routes = [str(route) for route in reversed(response.record_routes)]
        dialog = cls(
            key=(response.call_id, response.from_.tag or "", response.to.tag or ""),
            local=headers.get("From") or "",
            remote=headers.get("To") or "",
            target=_contact(response) or target,
            routes=routes,
            peer=peer,
            identity=identity,
        )
        dialog.local_cseq = response.cseq.number
        return dialog

    @classmethod
    def as_callee(cls, request: Request, *, tag: str, peer: Peer, identity: Identity) -> Dialog:
        """12.1.1: from an INVITE, with our new `tag`.  Raises SipParseError when it has no Contact (8.1.1.8)."""
        target = _contact(request)
        if target is None:
            raise SipParseError("INVITE without Contact")
        headers = request.headers
        dialog = cls(
            key=(request.call_id, tag, request.from_.tag or ""),
            local=f"{headers.get('To')};tag={tag}",
            remote=headers.get("From") or "",
            target=target,
            routes=[str(route) for route in request.record_routes],
            peer=peer,
            identity=identity,
        )
        dialog.remote_cseq = request.cseq.number
        return dialog

    def refresh_target(self, message: Message) -> None:
        """12.2: a re-INVITE, or the 2xx to one, moves the remote target; the route set stays for good."""
        target = _contact(message)
        if target is not None and target != self.target:
            self.target = target
            self._path = None

    def takes(self, cseq: int) -> bool:
        """12.2.2: whether a new request (neither ACK nor CANCEL) with this number is in order; if so it counts."""
        if cseq <= self.remote_cseq:
            return False
        self.remote_cseq = cseq
        return True

    @property
    def contact(self) -> str:
        """Our Contact for the way that requests in this dialog go."""
        _, _, peer = self._path or self._find_path()
        return self._identity.contact(peer, is_secure=is_secure(self.target))

    def request(
        self, method: str, *, extra: Iterable[tuple[str, str]] = (), body: bytes = b"", login: Login | None = None
    ) -> tuple[Request, Peer]:
        """12.2.1.1: a new request in the dialog, and where it goes."""
        self.local_cseq += 1
        return self._build(method, self.local_cseq, extra=extra, body=body, login=login)

    def ack(self, cseq: int, *, proofs: Fields, body: bytes = b"") -> tuple[Request, Peer]:
        """13.2.2.4: the ACK of a 2xx to our INVITE numbered `cseq`, whose credentials were `proofs`."""
        extra = [*proofs, ("Content-Type", "application/sdp")] if body else proofs
        return self._build("ACK", cseq, extra=extra, body=body, login=None)

    def _build(
        self, method: str, cseq: int, *, extra: Iterable[tuple[str, str]], body: bytes, login: Login | None
    ) -> tuple[Request, Peer]:
        uri, routes, peer = self._path or self._find_path()
        fields = [
            ("Via", self._identity.via(peer)),
            *routes,
            MAX_FORWARDS,
            ("From", self._local),
            ("To", self.remote),
            ("Call-ID", self.key[0]),
            ("CSeq", f"{cseq} {method}"),
            *extra,
        ]
        if self.session is not None:
            fields.append(self.session)
        if login is not None:
            fields += login.fields(method=method, uri=uri, body=body)
        return Request(method, uri, Headers.of_canonical(fields), body), peer

    def _find_path(self) -> tuple[str, Fields, Peer]:
        """Request-URI, Route headers and next hop by 12.2.1.1, remembered until the target moves."""
        uri, routes = self.target, self.routes
        if "?" in uri:
            uri = as_request_uri(SipUri.parse(uri))
        hop = NameAddr.parse(routes[0]).uri if routes else uri
        if routes and not _is_loose(hop):
            routes = [*routes[1:], f"<{uri}>"]
            uri = as_request_uri(SipUri.parse(hop))
        found = next_hop(hop, self._peer)
        if not routes:
            found = past_nat(found, self._peer)
        self._path = (uri, [("Route", route) for route in routes], self._reachable(found))
        return self._path

    def _reachable(self, hop: Peer) -> Peer:
        """By the way that the dialog came by, when `hop` asks for a transport that we have not."""
        if self._identity.has(hop.transport, hop):
            return hop
        return Peer(self._peer.transport, hop.host, hop.port, self._peer.domain)


def _contact(message: Message) -> str | None:
    contacts = message.contacts
    return contacts[0].uri if contacts and contacts[0].uri != "*" else None


def _is_loose(uri: str) -> bool:
    try:
        return SipUri.parse(uri).is_loose_router
    except SipParseError:
        return True
