"""The exchange: all phones on one SIP user agent, still without I/O; a shell drives it like a user agent."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from twoleg.sandbox.behaviour import Act, Answer, Behaviour, HangUp, Refuse, Ring
from twoleg.sandbox.doorkeeper import Doorkeeper
from twoleg.sandbox.media import PhoneMedia, is_answerable
from twoleg.sandbox.numbers import behaviour_of, is_for_the_deaf, number_of
from twoleg.sandbox.phone import Phone
from twoleg.sip.errors import SdpError, SipParseError
from twoleg.sip.events import Event, Fault, IncomingInvite, LegId, Reinvited, Released
from twoleg.sip.headers import Reason
from twoleg.sip.message import Request
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer, RandomBits, Transmit
from twoleg.sip.timers import Timers
from twoleg.sip.user_agent import UserAgent

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Header fields, (name, value)."""


@dataclass(slots=True)
class _Call:
    """One leg of the user agent and the phone at its end."""

    leg: LegId
    call_id: str
    offer: bytes
    phone: Phone
    media: PhoneMedia


class Exchange:
    """Rings phones.  Its verbs are those of `UserAgent`, whose events it handles and then hands on, to be counted."""

    def __init__(self, *, local: Peer, random: RandomBits, timers: Timers | None = None) -> None:
        """`local` is the address of all phones, for signalling and in their session descriptions."""
        self._local = local
        self._agent = UserAgent(local=local, random=random, product="twoleg-sandbox", timers=timers)
        self._doorkeeper = Doorkeeper(nonce=f"{random.getrandbits(128):032x}")
        self._calls: dict[LegId, _Call] = {}
        self._answer_cancel: dict[str, _Call] = {}
        """Calls to phones that do, by Call-ID."""
        self._due: list[tuple[float, LegId]] = []
        self._told: list[Event] = []

    def __len__(self) -> int:
        """Calls that are not forgotten yet."""
        return len(self._calls)

    # ------------------------------------------------------------------ the shell's verbs

    def receive(self, data: bytes, source: Peer, now: float) -> None:
        """Take one datagram, unless it is for a phone that hears nothing."""
        if is_for_the_deaf(data):
            return
        if self._answer_cancel and data.startswith(b"CANCEL "):
            self._before_cancel(data, now)
        self._agent.receive(data, source, now)
        self._attend(now)

    def transport_failed(self, peer: Peer, now: float) -> None:
        """Nothing gets through to `peer`."""
        self._agent.transport_failed(peer, now)
        self._attend(now)

    def connection_lost(self, peer: Peer, now: float) -> None:
        """The connection to `peer` ended."""
        self._agent.connection_lost(peer, now)
        self._attend(now)

    def fire_timers(self, now: float) -> None:
        """Let the user agent and then the phones do what is due."""
        self._agent.fire_timers(now)
        self._attend(now)
        while self._due and self._due[0][0] <= now:
            call = self._calls.get(heapq.heappop(self._due)[1])
            if call is not None:
                self._guard(partial(self._play, call, now), call.leg, now)
        self._attend(now)

    def next_deadline(self) -> float | None:
        """The earlier of the user agent's and the phones'; a phone that is over may still cause one idle look."""
        agents = self._agent.next_deadline()
        if not self._due:
            return agents
        return self._due[0][0] if agents is None else min(agents, self._due[0][0])

    def take_output(self) -> list[Transmit]:
        """What is to be sent."""
        return self._agent.take_output()

    def take_events(self) -> list[Event]:
        """What happened; all of it is dealt with already."""
        told, self._told = self._told, []
        return told

    # ------------------------------------------------------------------ the phones

    def _attend(self, now: float) -> None:
        while events := self._agent.take_events():
            for event in events:
                self._told.append(event)
                self._guard(partial(self._handle, event, now), getattr(event, "leg", None), now)

    def _guard(self, work: Callable[[], None], leg: LegId | None, now: float) -> None:
        """Do `work` for one phone; what it raises ends that call and is told, and the other phones go on."""
        try:
            work()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is this one phone's
            self._told.append(Fault(None, fault))
            if leg is not None:
                self._agent.release(leg, now=now)

    def _handle(self, event: Event, now: float) -> None:
        match event:
            case IncomingInvite(leg, request):
                self._take(leg, request, now)
            case Reinvited(leg, body):
                self._answer_reinvite(self._calls[leg], body, now)
            case Released(leg):
                self._forget(leg)
            case _:  # what ends a call, acknowledgements, strays: the user agent has done all there is to do
                pass

    def _take(self, leg: LegId, request: Request, now: float) -> None:
        behaviour = behaviour_of(number_of(request.uri))
        refusal = self._refusal(request, behaviour)
        if refusal is not None:
            status, fields = refusal
            self._agent.reject(leg, status=status, extra_headers=fields, now=now)
            return
        call = _Call(
            leg=leg,
            call_id=request.call_id,
            offer=request.body,
            phone=Phone(behaviour, now=now),
            media=PhoneMedia(address=self._local.host, call=leg),
        )
        self._calls[leg] = call
        if behaviour.answers_cancel:
            self._answer_cancel[call.call_id] = call
        self._play(call, now)

    def _forget(self, leg: LegId) -> None:
        call = self._calls.pop(leg, None)
        if call is not None:
            self._answer_cancel.pop(call.call_id, None)

    def _refusal(self, request: Request, behaviour: Behaviour) -> tuple[int, Fields] | None:
        """Why the phone does not even begin: no password, or an offer that no phone here can answer."""
        if behaviour.wants_password:
            challenge = self._doorkeeper.challenge_to(request)
            if challenge is not None:
                return 407, (("Proxy-Authenticate", challenge),)
        if request.body and not is_answerable(request.body):
            return 488, ()
        return None

    def _before_cancel(self, data: bytes, now: float) -> None:
        """Some phones answer in the last moment: to the caller it looks as if the 200 had crossed its CANCEL."""
        try:
            call = self._answer_cancel.get(parse_datagram(data).call_id)
        except SipParseError:
            return
        if call is not None:
            self._guard(lambda: self._perform_all(call, call.phone.take_last_moment(), now), call.leg, now)

    def _play(self, call: _Call, now: float) -> None:
        self._perform_all(call, call.phone.take_due(now), now)
        deadline = call.phone.deadline()
        if deadline is not None:
            heapq.heappush(self._due, (deadline, call.leg))

    def _perform_all(self, call: _Call, acts: Sequence[Act], now: float) -> None:
        for act in acts:
            self._perform(call, act, now)

    def _perform(self, call: _Call, act: Act, now: float) -> None:
        agent, leg = self._agent, call.leg
        match act:
            case Ring(status, is_early_media):
                # RFC 3261 13.2.1: an unreliable provisional must not bring an offer, so without theirs no early media.
                body = call.media.answer(call.offer) if is_early_media and call.offer else None
                agent.ring(leg, status=status, body=body, now=now)
            case Answer():
                body = call.media.answer(call.offer) if call.offer else call.media.offer()
                agent.accept(leg, body=body, now=now)
            case Refuse(status, reason):
                agent.reject(leg, status=status, extra_headers=_reason_fields(reason), now=now)
            case HangUp(reason):
                agent.release(leg, reasons=() if reason is None else (reason,), now=now)

    def _answer_reinvite(self, call: _Call, offer: bytes | None, now: float) -> None:
        try:
            body = call.media.answer(offer) if offer else call.media.offer()
        except SdpError:
            self._agent.answer_reinvite(call.leg, status=488, now=now)
        else:
            self._agent.answer_reinvite(call.leg, status=200, body=body, now=now)


def _reason_fields(reason: Reason | None) -> Fields:
    return () if reason is None else (("Reason", str(reason)),)
