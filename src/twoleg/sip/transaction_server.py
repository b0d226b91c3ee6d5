"""One server transaction (RFC 3261 17.2, RFC 6026): repeats our response to repeated requests, or until the ACK.

The table of its states is in `transaction_server_fsm`; matching requests to transactions is in `transactions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from twoleg.sip.events import LegId
from twoleg.sip.message import Request, Response, response_to
from twoleg.sip.peers import Peer
from twoleg.sip.transaction_server_fsm import INVITE, NON_INVITE, ServerAction, ServerInput, ServerState

if TYPE_CHECKING:
    from twoleg.sip.deadlines import Deadline
    from twoleg.sip.wire import Wire

ServerKey: TypeAlias = tuple[str, ...]
"""What tells one incoming transaction from another (17.2.3); `transactions` makes it."""


class ServerUser(Protocol):
    """Whoever answers an INVITE."""

    def ack_received(self, ack: Request, now: float) -> None:
        """An ACK to our 2xx that came with the branch of the INVITE."""

    def refusal_settled(self, now: float) -> None:
        """Our 300-699 was acknowledged, or timer H gave it up."""

    def transport_failed(self, now: float) -> None:
        """The caller cannot be reached before we gave a final response."""

    def cancel_received(self, cancel: Request, now: float) -> None:
        """The INVITE is taken back (9.2); the CANCEL itself is answered already."""


class ServerTransaction:
    """Made by the first copy of a request.  Once answered it keeps only the bytes of its last response."""

    __slots__ = (
        "_forget",
        "_give_up",
        "_interval",
        "_last",
        "_request",
        "_retransmit",
        "_wire",
        "key",
        "leg",
        "merge_key",
        "peer",
        "state",
        "user",
    )

    def __init__(
        self,
        *,
        key: ServerKey,
        request: Request,
        peer: Peer,
        wire: Wire,
        forget: Callable[[ServerTransaction], None],
        now: float,
    ) -> None:
        """`peer` is where responses go (18.2.2); `forget` takes this out of the table of transactions."""
        is_invite = request.method == "INVITE"
        self.key = key
        self.leg: LegId = 0
        self.merge_key: ServerKey | None = None
        self.peer = peer
        self.state = ServerState.PROCEEDING if is_invite else ServerState.TRYING
        self.user: ServerUser | None = None
        self._wire = wire
        self._forget = forget
        self._interval = wire.timers.t1
        self._last = b""
        self._request: Request | None = request if is_invite else None
        self._give_up: Deadline | None = None
        self._retransmit: Deadline | None = None
        if is_invite:
            self._retransmit = wire.deadlines.arm(now + wire.timers.trying, self._trying_due)

    @property
    def is_invite(self) -> bool:
        """Whether this answers an INVITE."""
        return self.key[-1] == "INVITE"

    @property
    def awaits_final(self) -> bool:
        """Whether no final response was given yet."""
        return self.state in (ServerState.TRYING, ServerState.PROCEEDING)

    def receive(self, request: Request, now: float) -> None:
        """Take a repetition of the request, or an ACK that matches it."""
        self._feed(ServerInput.ACK if request.method == "ACK" else ServerInput.REQUEST, now, request)

    def respond(self, response: Response, now: float) -> bytes:
        """Send a response; the bytes come back because a 2xx to INVITE is repeated by its user (13.3.1.4)."""
        status = response.status
        data = response.encode()
        if status < 200:
            self._feed(ServerInput.SEND_PROVISIONAL, now, data)
        else:
            self._feed(ServerInput.SEND_SUCCESS if status < 300 else ServerInput.SEND_FAILURE, now, data)
        return data

    def transport_failed(self, now: float) -> None:
        """The peer cannot be reached."""
        self._feed(ServerInput.TRANSPORT_ERROR, now)

    def _feed(self, what: ServerInput, now: float, matter: Request | bytes | None = None) -> None:
        try:
            self._wire.in_hand = self.leg
            step = (INVITE if self.is_invite else NON_INVITE)[self.state][what]
            if step.next is not None:
                self.state = step.next
            for action in step.do:
                self._PERFORM[action](self, now, matter)
        except Exception:
            self._bound(now)
            raise
        if self.state is ServerState.TERMINATED:
            self.user = None

    def _bound(self, now: float) -> None:
        """What raised may have lost the deadline that would have taken this out of the table."""
        self._wire.deadlines.arm(now + 3 * self._wire.timers.timeout, lambda _: self._forget(self))

    def _trying_due(self, now: float) -> None:
        self._feed(ServerInput.TRYING_DUE, now)

    def _retransmit_due(self, now: float) -> None:
        self._feed(ServerInput.RETRANSMIT, now)

    def _give_up_due(self, now: float) -> None:
        self._feed(ServerInput.GIVE_UP, now)

    def _linger_over(self, now: float) -> None:
        self._feed(ServerInput.LINGERED, now)

    def _send(self, now: float, data: Request | bytes | None) -> None:
        if isinstance(data, bytes):
            self._last = data
        self._request = None
        self._resend(now, None)

    def _send_trying(self, now: float, _: Request | bytes | None) -> None:
        if self._request is not None:
            self._send(now, response_to(self._request, 100).encode())

    def _resend(self, _now: float, _: Request | bytes | None) -> None:
        if self._last:
            self._wire.send(self._last, self.peer)

    def _back_off(self, now: float, _: Request | bytes | None) -> None:
        self._resend(now, None)
        self._interval = min(2 * self._interval, self._wire.timers.t2)
        self._retransmit = self._wire.deadlines.arm(now + self._interval, self._retransmit_due)

    def _stop_timers(self, _now: float, _: Request | bytes | None) -> None:
        if self._retransmit is not None:
            self._retransmit.cancel()
        if self._give_up is not None:
            self._give_up.cancel()

    def _arm_g_h(self, now: float, _: Request | bytes | None) -> None:
        self._give_up = self._wire.deadlines.arm(now + self._wire.timers.timeout, self._give_up_due)
        if not self.peer.is_reliable:
            self._retransmit = self._wire.deadlines.arm(now + self._interval, self._retransmit_due)

    def _linger_i(self, now: float, _: Request | bytes | None) -> None:
        self._last = b""
        self._linger(now, self._wire.timers.t4)

    def _linger_j(self, now: float, _: Request | bytes | None) -> None:
        self._linger(now, self._wire.timers.timeout)

    def _linger(self, now: float, time: float) -> None:
        """Absorb repetitions over UDP; over a reliable transport there are none (17.2.1, 17.2.2)."""
        when = now + (0.0 if self.peer.is_reliable else time)
        self._give_up = self._wire.deadlines.arm(when, self._linger_over)

    def _linger_l(self, now: float, _: Request | bytes | None) -> None:
        """64 * T1 whatever the transport (RFC 6026 7.1)."""
        self._last = b""
        self._give_up = self._wire.deadlines.arm(now + self._wire.timers.timeout, self._linger_over)

    def _pass_ack(self, now: float, ack: Request | bytes | None) -> None:
        if self.user is not None and isinstance(ack, Request):
            self.user.ack_received(ack, now)

    def _report_settled(self, now: float, _: Request | bytes | None) -> None:
        user, self.user = self.user, None
        if user is not None:
            user.refusal_settled(now)

    def _report_transport(self, now: float, _: Request | bytes | None) -> None:
        user, self.user = self.user, None
        if user is not None:
            user.transport_failed(now)

    def _leave(self, now: float, _: Request | bytes | None) -> None:
        self._stop_timers(now, None)
        self._request = None
        self._forget(self)

    def _raise(self, _now: float, _: Request | bytes | None) -> None:
        raise RuntimeError(f"input that cannot come to a server transaction in state {self.state.name}")

    _PERFORM: ClassVar[dict[ServerAction, Callable[[ServerTransaction, float, Request | bytes | None], None]]] = {
        ServerAction.SEND: _send,
        ServerAction.SEND_TRYING: _send_trying,
        ServerAction.RESEND: _resend,
        ServerAction.BACK_OFF: _back_off,
        ServerAction.STOP_TIMERS: _stop_timers,
        ServerAction.ARM_G_H: _arm_g_h,
        ServerAction.LINGER_I: _linger_i,
        ServerAction.LINGER_J: _linger_j,
        ServerAction.LINGER_L: _linger_l,
        ServerAction.PASS_ACK: _pass_ack,
        ServerAction.REPORT_SETTLED: _report_settled,
        ServerAction.REPORT_TRANSPORT: _report_transport,
        ServerAction.FORGET: _leave,
        ServerAction.RAISE: _raise,
    }
