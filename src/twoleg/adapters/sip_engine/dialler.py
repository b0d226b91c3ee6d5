"""Reaching a phone: the addresses of a trunk one after the other, then the next trunk, until somebody answers.

A phone that rang is tried nowhere else. Each try is kept as a fact of the leg.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from uuid import UUID, uuid5

from twoleg.adapters.sip_engine import facts
from twoleg.adapters.sip_engine.guard import Guard
from twoleg.adapters.sip_engine.legs import Dialling, EngineCall, LegBook
from twoleg.adapters.sip_engine.ways import Ways
from twoleg.application.ladder.ports import CallRecorder
from twoleg.application.ports import Clock
from twoleg.domain import causes
from twoleg.domain.call import Attempt, Leg, Role
from twoleg.domain.signals import LegAttemptFailed, LegFailed, LegRefused, LegReleased, Signal, WireFacts
from twoleg.domain.trunk import is_trunks_own_fault
from twoleg.domain.values import replace
from twoleg.sip import events as sip
from twoleg.sip.events import FailureOrigin, LegId
from twoleg.sip.headers import NameAddr
from twoleg.sip.peers import Peer
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.shell import Shell

MEDIA_TYPE = "application/sdp"
CORRELATION = "X-Twoleg-Call"
"""Names the call, by its serial, in the INVITEs of both legs."""
_SESSIONS = UUID("6f3f7c1e-6d0e-5b0e-9d53-0f2f9d1a7c44")
"""The name space of our Session-IDs (RFC 7989 4.1: version 5): both legs of a call have the same one."""


@lru_cache(maxsize=1024)
def _session_id(serial: int) -> str:
    return uuid5(_SESSIONS, str(serial)).hex


class Dialler:
    """Dials the legs of all calls. Runs on the shell's loop."""

    def __init__(  # noqa: PLR0913 - what it is made of, all named
        self,
        *,
        shell: Shell[UserAgent],
        book: LegBook,
        ways: Ways,
        clock: Clock,
        tell: Callable[[EngineCall, Signal], None],
        guard: Guard,
        recorder: CallRecorder,
    ) -> None:
        """`tell` passes a signal on to a call; `recorder` is told whose each Call-ID is."""
        self._shell = shell
        self._agent = shell.agent
        self._book = book
        self._ways = ways
        self._clock = clock
        self._tell = tell
        self._guard = guard
        self._recorder = recorder

    # ------------------------------------------------------------------ dialling

    def begin(self, entry: EngineCall, role: Role) -> None:
        """The phone is wanted; `dial` follows once there is an offer for it. From now on it has a last word to say."""
        entry.diallings[role].has_begun = True

    def dial(self, entry: EngineCall, role: Role, body: bytes | None) -> None:
        """Write the INVITE. What comes of it is told by signals, or by events of the leg that is bound to the entry.

        Nothing happens when the phone is wanted no more.
        """
        dialling = entry.diallings[role]
        if dialling.is_over:
            return
        dialling.body = body
        self._ways.begin(dialling)
        self._find(entry, role, dialling)

    def _find(self, entry: EngineCall, role: Role, dialling: Dialling) -> None:
        self._ways.find(dialling, partial(self._found, entry, role, dialling))

    def _found(self, entry: EngineCall, role: Role, dialling: Dialling, peers: Sequence[Peer], why: str) -> None:
        self._guard.do(entry, lambda: self._go_on(entry, role, dialling, peers, why))

    def _go_on(self, entry: EngineCall, role: Role, dialling: Dialling, peers: Sequence[Peer], why: str) -> None:
        if dialling.is_over:
            return
        dialling.peers, dialling.addresses = deque(self._ways.in_order(peers)), len(peers)
        if dialling.peers:
            self._send_in_turn(entry, role, dialling)
        else:
            self._no_address(entry, role, dialling, why)
        self._shell.wake()

    def _send_in_turn(self, entry: EngineCall, role: Role, dialling: Dialling) -> None:
        """No faster than the trunk allows, whichever calls the INVITEs belong to."""
        seconds = self._ways.delay(dialling)
        if seconds > 0:
            dialling.timer = self._guard.later(seconds, entry, partial(self._send, entry, role, dialling))
        else:
            self._send(entry, role, dialling)

    def _send(self, entry: EngineCall, role: Role, dialling: Dialling) -> None:
        peer = dialling.peer = dialling.peers.popleft()
        route = dialling.route
        attempt = self._begin_attempt(entry.call.leg(role), dialling, peer)
        local = self._agent.local_for(peer)
        target = route.target(attempt.dialled)
        leg = self._agent.invite(
            target=target,
            peer=peer,
            from_=route.caller(attempt.shown, local),
            to=NameAddr("", target),
            body=dialling.body,
            content_type=MEDIA_TYPE,
            extra_headers=(*route.identity(attempt.shown, local), (CORRELATION, str(entry.call.serial))),
            credentials=route.credentials,
            session_id=_session_id(entry.call.serial),
            is_held=True,
            now=self._shell.now(),
        )
        self._book.bind(entry, role, leg)
        self._recorder.leg(entry.call.serial, role, self._agent.call_id(leg))
        dialling.timer = None
        self._shell.wake()

    def sent(self, entry: EngineCall, role: Role, leg: LegId) -> None:
        """Its INVITE goes out now: where there is another way, it may be silent for as long as its trunk may."""
        dialling = entry.diallings.get(role)
        if dialling is not None and not dialling.is_settled and self._ways.has_elsewhere(dialling):
            dialling.stop_timer()
            silent = partial(self._silent, entry, role, dialling, leg)
            dialling.timer = self._guard.later(dialling.route.trunk.patience, entry, silent)

    def _begin_attempt(self, leg: Leg, dialling: Dialling, peer: Peer | None) -> Attempt:
        dialling.tries += 1
        trunk = dialling.route.trunk
        dialling.attempt = Attempt(
            number=dialling.tries,
            trunk=trunk.name,
            peer=None if peer is None else f"{peer.transport}:{peer.host_port}",
            dialled=trunk.dialled(leg.number),
            shown=trunk.shown(leg.clip),
            started_at=self._clock.now_ms(),
        )
        return dialling.attempt

    # ------------------------------------------------------------------ what became of it

    def progressed(self, entry: EngineCall, role: Role) -> Attempt | None:
        """The phone rings, or its network sends audio: from now on it is this one or none."""
        dialling = self._settled(entry, role)
        return None if dialling is None else dialling.attempt

    def answered(self, entry: EngineCall, role: Role, status: int) -> Attempt | None:
        """The phone was picked up."""
        dialling = self._settled(entry, role)
        if dialling is None:
            return None
        return self._end_attempt(dialling, WireFacts(sip_status=status))

    def _settled(self, entry: EngineCall, role: Role) -> Dialling | None:
        dialling = entry.diallings.get(role)
        if dialling is not None and not dialling.is_settled:
            dialling.is_settled = True
            dialling.stop_timer()
            self._ways.is_well(dialling)
        return dialling

    def failed(self, entry: EngineCall, role: Role, event: sip.Failed) -> bool:
        """Whether the phone is being tried elsewhere, so that this failure is not the leg's."""
        dialling = entry.diallings.get(role)
        if dialling is None or event.origin is FailureOrigin.INTERNAL:
            return False
        dialling.stop_timer()
        self._ways.has_failed(dialling, event)
        said = facts.q850(event.reasons)
        is_final = dialling.is_settled or not is_trunks_own_fault(event.status, said)
        if is_final or not self._ways.has_elsewhere(dialling):
            return False
        self._book.unbind(event.leg)
        self._try_next(entry, role, dialling, facts.of_failure(event), facts.said(event))
        return True

    def ended(self, entry: EngineCall, role: Role, wire: WireFacts) -> Attempt | None:
        """The attempt as it ended: refused, or cancelled; None when it ended before."""
        dialling = entry.diallings.get(role)
        if dialling is None or dialling.attempt is None or dialling.attempt.ended_at is not None:
            return None
        return self._end_attempt(dialling, wire)

    def over(self, entry: EngineCall, role: Role) -> None:
        """Nothing of the leg is left on the wire."""
        dialling = entry.diallings.get(role)
        if dialling is not None:
            dialling.is_over = True
            dialling.stop_timer()
            self._ways.give_back(dialling)

    def withdraw(self, entry: EngineCall, role: Role) -> None:
        """The phone is wanted no more; one that has no leg at this moment says its last word soon."""
        dialling = entry.diallings.get(role)
        if dialling is None or dialling.is_over:
            return
        dialling.stop_timer()
        dialling.is_settled = True
        if role not in entry.legs:
            self.over(entry, role)
            if dialling.has_begun:
                self.say_last_word(entry, role)

    def say_last_word(self, entry: EngineCall, role: Role) -> None:
        """Soon, as a leg would: there is none."""
        self._clock.call_later(0.0, partial(self._tell, entry, LegReleased(role)))

    def close(self, entry: EngineCall) -> None:
        """The call is forgotten."""
        for role in entry.diallings:
            self.over(entry, role)

    def give_up_undialled(self, entry: EngineCall) -> None:
        """The call has ended: whom it did not dial yet it will not dial."""
        for role, dialling in entry.diallings.items():
            if not dialling.has_begun and not dialling.is_over:
                self.over(entry, role)

    # ------------------------------------------------------------------ elsewhere

    def _silent(self, entry: EngineCall, role: Role, dialling: Dialling, leg: LegId) -> None:
        """No word for as long as the trunk may take, and there is another way."""
        if entry.legs.get(role) != leg or not self._agent.is_unheard(leg) or not self._ways.has_elsewhere(dialling):
            return
        self._agent.release(leg, now=self._shell.now())
        self._book.unbind(leg)
        self._ways.was_silent(dialling)
        patience = dialling.route.trunk.patience
        wire = WireFacts(cause=causes.TIMER_EXPIRY)
        self._try_next(entry, role, dialling, wire, f"no response within {patience:g} s")
        self._shell.wake()

    def _try_next(self, entry: EngineCall, role: Role, dialling: Dialling, wire: WireFacts, what: str) -> None:
        attempt = self._end_attempt(dialling, wire)
        dialling.wire = wire
        if attempt is not None:
            where = f"trunk {attempt.trunk}" + ("" if attempt.peer is None else f" at {attempt.peer}")
            self._tell(entry, LegAttemptFailed(role, attempt, wire, f"{where}: {what}"))
        if dialling.is_over or dialling.is_settled:
            return  # the call ended for it
        if dialling.peers:
            self._send_in_turn(entry, role, dialling)
        elif self._ways.moved_on(dialling):
            self._find(entry, role, dialling)
        else:
            self._nowhere_else(entry, role, dialling, what)

    def _no_address(self, entry: EngineCall, role: Role, dialling: Dialling, why: str) -> None:
        self._begin_attempt(entry.call.leg(role), dialling, None)
        wire = WireFacts(cause=causes.NO_ROUTE_TO_DESTINATION)
        if self._ways.has_elsewhere(dialling):
            self._try_next(entry, role, dialling, wire, why)
            return
        self._end_attempt(dialling, wire)
        dialling.wire = wire if dialling.tries == 1 else dialling.wire
        self._nowhere_else(entry, role, dialling, why)

    def _nowhere_else(self, entry: EngineCall, role: Role, dialling: Dialling, why: str) -> None:
        """The last way is gone while no leg was bound: the engine itself says what a leg would have said."""
        attempt, was_sent = dialling.attempt, dialling.peer is not None
        entry.silent.add(role)
        self.over(entry, role)
        if was_sent:
            self._tell(entry, LegFailed(role, dialling.wire, attempt))
            self._tell(entry, LegReleased(role))
        else:
            cause = dialling.wire.cause or causes.NO_ROUTE_TO_DESTINATION
            name = dialling.route.trunk.name
            self._tell(entry, LegRefused(role, cause, f"trunk {name}: {why}", attempt))

    def _end_attempt(self, dialling: Dialling, wire: WireFacts) -> Attempt | None:
        if dialling.attempt is None:
            return None
        dialling.attempt = replace(
            dialling.attempt,
            ended_at=self._clock.now_ms(),
            sip_status=wire.sip_status,
            sip_reason=wire.sip_reason,
            cause=wire.cause,
        )
        return dialling.attempt
