"""One client transaction (RFC 3261 17.1, RFC 6026): sends a request until it is answered, and ACKs a non-2xx itself.

The table of its states is in `transaction_client_fsm`; matching responses to transactions is in `transactions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from twoleg.sip.events import FailureOrigin, LegId
from twoleg.sip.large import LARGEST_DATAGRAM
from twoleg.sip.message import Request, Response
from twoleg.sip.outgoing import ack_of_failure, branch_of
from twoleg.sip.peers import Peer
from twoleg.sip.transaction_client_fsm import INVITE, NON_INVITE, ClientAction, ClientInput, ClientState

if TYPE_CHECKING:
    from twoleg.sip.deadlines import Deadline
    from twoleg.sip.large import LargeRequests
    from twoleg.sip.wire import Wire

ClientKey: TypeAlias = tuple[str, str]
"""Branch of the topmost Via, and method of CSeq (17.1.3)."""


class ClientUser(Protocol):
    """Whoever sent the request."""

    def response_received(self, response: Response, now: float) -> None:
        """A provisional, the final, or one more 2xx to an INVITE."""

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """No final response will come: TIMEOUT or TRANSPORT."""


class Nobody:
    """The user of a CANCEL: only the answer to its INVITE matters (RFC 3261 9.1)."""

    __slots__ = ()

    def response_received(self, response: Response, now: float) -> None:
        """Nothing depends on it."""

    def request_failed(self, origin: FailureOrigin, now: float) -> None:
        """The wait for the final response is bounded already."""


NOBODY = Nobody()


class ClientTransaction:
    """Sends its request at once.  Once it has a final response it keeps only what a repetition of that needs."""

    __slots__ = (
        "_ack",
        "_data",
        "_forget",
        "_give_up",
        "_interval",
        "_is_repeated",
        "_large",
        "_request",
        "_retransmit",
        "_small_way",
        "_user",
        "_wire",
        "key",
        "leg",
        "peer",
        "state",
    )

    def __init__(  # noqa: PLR0913 - what is sent, where, for whom, and by what means
        self,
        *,
        request: Request,
        peer: Peer,
        user: ClientUser,
        leg: LegId,
        wire: Wire,
        large: LargeRequests,
        forget: Callable[[ClientTransaction], None],
        now: float,
        is_sent: bool = False,
    ) -> None:
        """`leg` is whom a fault would hit (0 for none); `forget` takes this out of the table of transactions.

        `is_sent`: another process sent the request, and repeats nothing any more; what answers it comes to us.
        """
        self.key: ClientKey = (branch_of(request), request.method)
        self.leg = leg
        self.peer = peer
        self.state = ClientState.STARTED
        self._request: Request | None = request
        self._user: ClientUser | None = user
        self._wire = wire
        self._forget = forget
        self._data = request.encode()
        self._ack = b""
        self._interval = wire.timers.t1
        self._is_repeated = False
        self._large = large
        self._small_way: Peer | None = None
        """The UDP peer that the request was for, when it went over TCP for its size."""
        self._retransmit: Deadline | None = None
        self._give_up: Deadline | None = None
        if is_sent:
            self.state = ClientState.PROCEEDING
        else:
            self._start(request, now)

    def _start(self, request: Request, now: float) -> None:
        peer, wire = self.peer, self._wire
        if len(self._data) > LARGEST_DATAGRAM and not peer.is_reliable:
            self._try_stream(request, peer, now)
        try:
            self._give_up = wire.deadlines.arm(now + wire.timers.timeout, self._give_up_due)
            if not self.peer.is_reliable:
                self._retransmit = wire.deadlines.arm(now + self._interval, self._retransmit_due)
            wire.send(self._data, self.peer)
        except Exception:
            self._stop_timers(now, None)  # nobody would find what was half made, to stop it
            raise

    def receive(self, response: Response, now: float) -> None:
        """Take a response that matches this transaction."""
        status = response.status
        if status < 200:
            self._feed(ClientInput.PROVISIONAL, now, response)
        else:
            self._feed(ClientInput.SUCCESS if status < 300 else ClientInput.FAILURE, now, response)

    def transport_failed(self, now: float) -> None:
        """The peer cannot be reached; what took TCP for its size gets another chance."""
        if self._small_way is not None and self._request is not None and self.state is ClientState.STARTED:
            self._take_small_way(self._request, self._small_way, now)
            return
        self._feed(ClientInput.TRANSPORT_ERROR, now)

    def connection_lost(self, now: float) -> None:
        """The connection that the request went by ended before any response: send it on a new one, once."""
        if self._is_repeated or not self._data:
            self.transport_failed(now)
            return
        self._is_repeated = True
        self._wire.send(self._data, self.peer)

    def _try_stream(self, request: Request, peer: Peer, now: float) -> None:
        stream = self._large.by_stream(request, peer, now)
        if stream is not None:
            self._small_way, self.peer = peer, stream
            self._data = request.encode()

    def _take_small_way(self, request: Request, peer: Peer, now: float) -> None:
        self._small_way, self.peer = None, peer
        self._large.by_datagram(request, peer, now)
        self._data = request.encode()
        self._wire.send(self._data, peer)
        self._retransmit = self._wire.deadlines.arm(now + self._interval, self._retransmit_due)

    def abandon(self, now: float) -> None:
        """Stop waiting for a final response and tell nobody (RFC 3261 9.1, a CANCEL that had no effect)."""
        self._feed(ClientInput.ABANDON, now)

    def _feed(self, what: ClientInput, now: float, response: Response | None = None) -> None:
        try:
            self._wire.in_hand = self.leg
            table = INVITE if self.key[1] == "INVITE" else NON_INVITE
            step = table[self.state][what]
            if step.next is not None:
                self.state = step.next
            for action in step.do:
                self._PERFORM[action](self, now, response)
        except Exception:
            self._bound(now)
            raise
        if self.state is ClientState.TERMINATED:
            self._user = None

    def _bound(self, now: float) -> None:
        """What raised may have lost the deadline that would have taken this out of the table."""
        self._wire.deadlines.arm(now + 3 * self._wire.timers.timeout, lambda _: self._forget(self))

    def _retransmit_due(self, now: float) -> None:
        self._feed(ClientInput.RETRANSMIT, now)

    def _give_up_due(self, now: float) -> None:
        self._feed(ClientInput.GIVE_UP, now)

    def _linger_over(self, now: float) -> None:
        self._feed(ClientInput.LINGERED, now)

    def _resend(self, now: float, _: Response | None) -> None:
        self._wire.send(self._data, self.peer)
        self._interval *= 2
        if self.key[1] != "INVITE":
            self._interval = min(self._interval, self._wire.timers.t2)
        self._retransmit = self._wire.deadlines.arm(now + self._interval, self._retransmit_due)

    def _slow_down(self, now: float, _: Response | None) -> None:
        self._interval = self._wire.timers.t2
        if self._retransmit is not None:
            self._retransmit.cancel()
            self._retransmit = self._wire.deadlines.arm(now + self._interval, self._retransmit_due)

    def _stop_timers(self, _now: float, _: Response | None) -> None:
        if self._retransmit is not None:
            self._retransmit.cancel()
        if self._give_up is not None:
            self._give_up.cancel()

    def _send_ack(self, now: float, response: Response | None) -> None:
        if self._request is not None and response is not None:
            self._ack = ack_of_failure(self._request, response).encode()
        self._resend_ack(now, None)

    def _resend_ack(self, _now: float, _: Response | None) -> None:
        self._wire.send(self._ack, self.peer)

    def _linger_d(self, now: float, _: Response | None) -> None:
        self._linger(now, self._wire.timers.d)

    def _linger_k(self, now: float, _: Response | None) -> None:
        self._linger(now, self._wire.timers.t4)

    def _linger_m(self, now: float, _: Response | None) -> None:
        """Forks may answer for 64 * T1 whatever the transport (RFC 6026 7.2)."""
        self._keep_only_answers()
        self._give_up = self._wire.deadlines.arm(now + self._wire.timers.timeout, self._linger_over)

    def _linger(self, now: float, time: float) -> None:
        """Absorb repetitions over UDP; over a reliable transport there are none (17.1.1.2, 17.1.2.2)."""
        self._keep_only_answers()
        self._give_up = self._wire.deadlines.arm(now + (0.0 if self.peer.is_reliable else time), self._linger_over)

    def _keep_only_answers(self) -> None:
        self._request = None
        self._data = b""

    def _pass_up(self, now: float, response: Response | None) -> None:
        user = self._user
        if self.state is ClientState.COMPLETED:
            self._user = None
        if user is not None and response is not None:
            user.response_received(response, now)

    def _report_timeout(self, now: float, _: Response | None) -> None:
        self._report(FailureOrigin.TIMEOUT, now)

    def _report_transport(self, now: float, _: Response | None) -> None:
        self._report(FailureOrigin.TRANSPORT, now)

    def _report(self, origin: FailureOrigin, now: float) -> None:
        user, self._user = self._user, None
        if user is not None:
            user.request_failed(origin, now)

    def _leave(self, now: float, _: Response | None) -> None:
        self._stop_timers(now, None)
        self._keep_only_answers()
        self._forget(self)

    def _raise(self, _now: float, _: Response | None) -> None:
        raise RuntimeError(f"input that cannot come to a client transaction in state {self.state.name}")

    _PERFORM: ClassVar[dict[ClientAction, Callable[[ClientTransaction, float, Response | None], None]]] = {
        ClientAction.RESEND: _resend,
        ClientAction.STOP_TIMERS: _stop_timers,
        ClientAction.SLOW_DOWN: _slow_down,
        ClientAction.SEND_ACK: _send_ack,
        ClientAction.RESEND_ACK: _resend_ack,
        ClientAction.LINGER_D: _linger_d,
        ClientAction.LINGER_K: _linger_k,
        ClientAction.LINGER_M: _linger_m,
        ClientAction.PASS_UP: _pass_up,
        ClientAction.REPORT_TIMEOUT: _report_timeout,
        ClientAction.REPORT_TRANSPORT: _report_transport,
        ClientAction.FORGET: _leave,
        ClientAction.RAISE: _raise,
    }
