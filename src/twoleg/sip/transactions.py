"""All transactions under way: makes them, and finds that of a message (RFC 3261 17.1.3, 17.2.3, 8.2.2.2)."""

from __future__ import annotations

from twoleg.sip.events import LegId
from twoleg.sip.headers import Via
from twoleg.sip.large import LargeRequests
from twoleg.sip.message import Request, Response
from twoleg.sip.peers import Peer
from twoleg.sip.transaction_client import ClientKey, ClientTransaction, ClientUser
from twoleg.sip.transaction_server import ServerKey, ServerTransaction
from twoleg.sip.wire import Wire

_COOKIE = "z9hG4bK"


def server_key(request: Request, via: Via, method: str) -> ServerKey:
    """The identity of the transaction of `request` as if its method were `method` (INVITE for its ACK and CANCEL).

    Peers of before RFC 3261 make no unique branch, so all that RFC 2543 offers is compared instead (17.2.3); so it is
    for those who send the cookie and nothing behind it (RFC 4475 3.2.1).
    """
    branch = via.branch
    if branch is not None and branch.startswith(_COOKIE) and branch != _COOKIE:
        return (branch, via.host.lower(), str(via.port or 5060), method)
    from_tag = request.from_.tag or ""
    return ("", request.call_id, from_tag, str(request.cseq.number), request.uri, str(via), method)


class Transactions:
    """Two tables, one that finds requests that reached us on two paths, and two of what a transport error can fail.

    The last two stay short while the others hold half a minute of lingering transactions.
    """

    __slots__ = ("_clients", "_invites", "_large", "_merged", "_servers", "_unheard", "_wire")

    def __init__(self, wire: Wire, large: LargeRequests) -> None:
        self._wire = wire
        self._large = large
        self._clients: dict[ClientKey, ClientTransaction] = {}
        self._servers: dict[ServerKey, ServerTransaction] = {}
        self._merged: dict[ServerKey, ServerTransaction] = {}
        self._unheard: dict[ClientKey, ClientTransaction] = {}
        """Those without any response."""
        self._invites: dict[ServerKey, ServerTransaction] = {}

    def request(
        self, request: Request, *, peer: Peer, user: ClientUser, leg: LegId = 0, now: float
    ) -> ClientTransaction:
        """Send `request` to `peer`, again and again as its method asks, and tell `user` what comes of it."""
        transaction = ClientTransaction(
            request=request,
            peer=peer,
            user=user,
            leg=leg,
            wire=self._wire,
            large=self._large,
            forget=self._forget_client,
            now=now,
        )
        self._clients[transaction.key] = self._unheard[transaction.key] = transaction
        return transaction

    def resume(self, request: Request, *, peer: Peer, user: ClientUser, leg: LegId, now: float) -> ClientTransaction:
        """Listen for what answers an INVITE that a process before us sent to `peer`."""
        transaction = ClientTransaction(
            request=request,
            peer=peer,
            user=user,
            leg=leg,
            wire=self._wire,
            large=self._large,
            forget=self._forget_client,
            now=now,
            is_sent=True,
        )
        self._clients[transaction.key] = transaction
        return transaction

    def open(self, request: Request, *, key: ServerKey, peer: Peer, now: float) -> ServerTransaction:
        """Begin to serve a request that `server` does not know."""
        transaction = ServerTransaction(
            key=key, request=request, peer=peer, wire=self._wire, forget=self._forget_server, now=now
        )
        self._servers[key] = transaction
        if transaction.is_invite:
            self._invites[key] = transaction
        return transaction

    def client(self, response: Response) -> ClientTransaction | None:
        """The transaction that `response` answers, which has been heard of from now on."""
        key = (response.via.branch or "", response.cseq.method)
        self._unheard.pop(key, None)
        return self._clients.get(key)

    def server(self, key: ServerKey) -> ServerTransaction | None:
        """The transaction under `key`, if it is under way."""
        return self._servers.get(key)

    def is_merged(self, request: Request, transaction: ServerTransaction) -> bool:
        """Whether a request outside any dialog came before by another path and is still served (8.2.2.2).

        If it did not, it is remembered as long as `transaction` lives.
        """
        cseq = request.cseq
        key = (request.from_.tag or "", request.call_id, str(cseq.number), cseq.method)
        if self._merged.setdefault(key, transaction) is not transaction:
            return True
        transaction.merge_key = key
        return False

    def transport_failed(self, peer: Peer, now: float) -> None:
        """Fail what has not heard from `peer` yet, and what of its INVITEs is unanswered."""
        waiting: list[ClientTransaction | ServerTransaction] = [*self._unheard.values(), *self._invites.values()]
        for transaction in waiting:
            if transaction.peer == peer:
                transaction.transport_failed(now)

    def connection_lost(self, peer: Peer, now: float) -> None:
        """Send again, once, what has not heard from `peer`; what was sent again already fails."""
        for transaction in [each for each in self._unheard.values() if each.peer == peer]:
            transaction.connection_lost(now)

    def __len__(self) -> int:
        """How many are under way or lingering."""
        return len(self._clients) + len(self._servers)

    def _forget_client(self, transaction: ClientTransaction) -> None:
        self._clients.pop(transaction.key, None)
        self._unheard.pop(transaction.key, None)

    def _forget_server(self, transaction: ServerTransaction) -> None:
        self._servers.pop(transaction.key, None)
        self._invites.pop(transaction.key, None)
        if transaction.merge_key is not None:
            self._merged.pop(transaction.merge_key, None)
