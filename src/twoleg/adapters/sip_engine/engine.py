"""The engine: effects of the call machine in, signals of the phones out; SIP by `twoleg.sip`, sockets by the shell."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

from twoleg.adapters.sip_engine import facts
from twoleg.adapters.sip_engine.dialler import Dialler
from twoleg.adapters.sip_engine.gate import Gate
from twoleg.adapters.sip_engine.guard import Guard
from twoleg.adapters.sip_engine.left_legs import LeftLegs
from twoleg.adapters.sip_engine.legs import EngineCall, LegBook
from twoleg.adapters.sip_engine.watch import Watch
from twoleg.adapters.sip_engine.ways import Ways
from twoleg.adapters.sip_engine.wishes import CallWishes
from twoleg.application.ladder.ports import CallRecorder, NoRecorder
from twoleg.application.media import Media, MediaPath
from twoleg.application.ports import Clock, EngineEffect, Full
from twoleg.domain.call import Call, Role
from twoleg.domain.effects import Acknowledge, Bridge, Dial, PassEarlyMedia, Release, Ringback, SendInvite
from twoleg.domain.on_wire import LegOnWire
from twoleg.domain.signals import (
    Faulted,
    LegAnswered,
    LegEarlyMedia,
    LegFailed,
    LegHungUp,
    LegReleased,
    LegRinging,
    Signal,
)
from twoleg.sip import events as sip
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.shell import Shell

FORBIDDEN = 403
"""RFC 3261 21.4.4: understood and refused."""


class EngineLog(Protocol):
    """Where the engine says what is nobody's call, or a fault."""

    def rejected_invite(self, source: str, target: str) -> None:
        """Somebody called us; we take no calls."""

    def fault(self, serial: int | None, error: Exception) -> None:
        """An exception while handling what a phone did; the call, if it was one's, is being ended."""


class SipCallEngine:
    """`application.ports.CallEngine` over SIP. Runs on the shell's loop."""

    def __init__(  # noqa: PLR0913 - what it is made of, all named
        self,
        *,
        shell: Shell[UserAgent],
        ways: Ways,
        media: Media,
        clock: Clock,
        watch: Watch,
        sink: Callable[[int, Signal], None],
        log: EngineLog,
        recorder: CallRecorder | None = None,
        refusal: int = FORBIDDEN,
    ) -> None:
        """`sink(serial, signal)` is told everything the phones do. `ways` tells by itself where there is room again.

        `refusal`: the status that answers whoever calls us, 403 or 404.
        """
        self._shell = shell
        self._agent = shell.agent
        self._ways = ways
        self._watch = watch
        self._media = media
        self._sink = sink
        self._log = log
        self._refusal = refusal
        self._book = LegBook()
        self._recorder = NoRecorder() if recorder is None else recorder
        self._dialler = Dialler(
            shell=shell,
            book=self._book,
            ways=ways,
            clock=clock,
            tell=self.tell,
            guard=Guard(clock=clock, fault=self.fault),
            recorder=self._recorder,
        )
        self._gate = Gate(shell=shell, dialler=self._dialler, tell=self.tell)
        self._left = LeftLegs(shell=shell, book=self._book, ways=ways, recorder=self._recorder, log=log)

    def reserve(self, call: Call) -> Signal | Full | None:
        """Room for both legs, or why there is none."""
        return self._ways.reserve(call, self._book)

    def take_over(self, call: Call, legs: Sequence[LegOnWire]) -> None:
        """See `application.recover_calls.Successor.take_over`."""
        for role in self._left.take_over(call, legs):
            self._dialler.say_last_word(self._book.open(call), role)

    def perform(self, call: Call, effect: EngineEffect) -> None:
        """Begin that effect. Raises what the SIP core or the media path raises: the conductor ends the call for it."""
        entry = self._book.open(call)
        match effect:
            case Dial(role=role):
                self._dialler.begin(entry, role)
                self._path(entry).dial(role)
            case SendInvite(role=role):
                self._gate.send(entry, role)
            case Acknowledge(role=role):
                self._gate.acknowledge(entry, role)
            case Release(role=role, cause=cause):
                self._release(entry, role, cause)
                self._dialler.give_up_undialled(entry)
            case Ringback():
                self._path(entry).ringback()
            case PassEarlyMedia():
                self._path(entry).pass_early()
            case Bridge():
                self._path(entry).bridge()
        self._shell.wake()

    def forget(self, call: Call) -> None:
        """Close the call's media and drop what is left of it. What raises is done when it is asked for once more."""
        entry = self._book.call(call.serial)
        with contextlib.ExitStack() as rest:  # whatever one of them raises, the others are done: from the last on
            if entry is not None:
                if entry.is_ending:
                    rest.callback(self._book.close, call.serial)
                entry.is_ending = True
                for work in (self._dialler.close, self._close_path, self._end_rest):
                    rest.callback(work, entry)
            self._recorder.over(call)
        self._book.close(call.serial)

    def _end_rest(self, entry: EngineCall) -> None:
        """Legs are left only where a fault kept one from being released: no phone is to wait for ever."""
        for leg in entry.legs.values():
            self._agent.release(leg, now=self._shell.now())
        if entry.legs:
            self._shell.wake()

    def _close_path(self, entry: EngineCall) -> None:
        if entry.path is not None:
            entry.path.close()
            entry.path = None  # it knows the entry: a circle that only the garbage collector would find

    def _path(self, entry: EngineCall) -> MediaPath:
        if entry.path is None:
            entry.path = self._media.open(entry.call, CallWishes(self, entry))
        return entry.path

    def _release(self, entry: EngineCall, role: Role, cause: int) -> None:
        entry.silent.add(role)
        self._dialler.withdraw(entry, role)
        leg = entry.legs.get(role)
        if leg is not None:
            self._agent.release(leg, reasons=facts.reason_header(cause), now=self._shell.now())

    # ------------------------------------------------------------------ wishes of the media path

    def offer(self, entry: EngineCall, role: Role, body: bytes | None) -> None:
        """In the INVITE when there is no leg yet, else in a re-INVITE; a phone that is wanted no more gets neither."""
        leg = entry.legs.get(role)
        if role in entry.silent:
            return
        if leg is None:
            self._dialler.dial(entry, role, body)
        else:
            self._agent.reinvite(leg, body=body, now=self._shell.now())
        self._shell.wake()

    def answer(self, entry: EngineCall, role: Role, status: int, body: bytes | None) -> None:
        """To the phone's own re-INVITE."""
        leg = entry.legs.get(role)
        if leg is not None:
            self._agent.answer_reinvite(leg, status=status, body=body, now=self._shell.now())
            self._shell.wake()
            if status < 300:
                self._tell_if(entry, entry.holds.accepted(role))

    def ack(self, entry: EngineCall, role: Role, body: bytes) -> None:
        """To a 2xx that brought the offer we asked for."""
        self._gate.ack(entry, role, body)

    def tell(self, entry: EngineCall, signal: Signal) -> None:
        """Pass a signal on to the call."""
        self._sink(entry.call.serial, signal)

    def _tell_if(self, entry: EngineCall, signal: Signal | None) -> None:
        if signal is not None:
            self.tell(entry, signal)

    # ------------------------------------------------------------------ events of the user agent

    def heard(self, event: sip.Event) -> None:
        """Take what the user agent tells; a fault here ends the event's call and touches no other."""
        owner: tuple[EngineCall, Role] | None = None
        try:
            owner = self._book.owner(getattr(event, "leg", 0))
            if owner is None:
                self._heard_stranger(event)
            else:
                self._heard_of(owner[0], owner[1], event)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this call's alone
            self.fault(owner[0] if owner else None, error)

    def fault(self, entry: EngineCall | None, error: Exception) -> None:
        """Log what raised, and end its call."""
        self._log.fault(entry.call.serial if entry else None, error)
        if entry is not None:
            self.tell(entry, Faulted(f"{type(error).__name__} in the SIP engine"))

    def _heard_of(self, entry: EngineCall, role: Role, event: sip.Event) -> None:
        match event:
            case sip.Released():
                self._released(entry, role, event)
            case _ if role in entry.silent:
                pass  # after our release only Released counts
            case sip.Prepared():
                self._gate.prepared(entry, role, event)
            case sip.Provisional():
                self._progressed(entry, role, event)
            case sip.Answered():
                entry.answered.add(role)
                attempt = self._dialler.answered(entry, role, event.status)
                note = self._gate.answered(entry, role, event)
                self._path(entry).answered(role, event.body)
                self.tell(entry, LegAnswered(role, attempt, note))
            case sip.Failed():
                self._failed(entry, role, event)
            case sip.HungUp():
                entry.silent.add(role)
                self.tell(entry, LegHungUp(role, facts.of_hang_up(event)))
            case _:
                self._renegotiated(entry, role, event)

    def _progressed(self, entry: EngineCall, role: Role, event: sip.Provisional) -> None:
        attempt = self._dialler.progressed(entry, role)
        if event.status == 180:
            self.tell(entry, LegRinging(role, attempt))
        if event.body:
            self._path(entry).early(role, event.body)
            self.tell(entry, LegEarlyMedia(role, attempt))

    def _released(self, entry: EngineCall, role: Role, event: sip.Released) -> None:
        self._book.unbind(event.leg)
        wire = facts.of_release(event)
        attempt = self._dialler.ended(entry, role, wire)
        self.tell(entry, LegReleased(role, wire, attempt))
        self._dialler.over(entry, role)

    def _failed(self, entry: EngineCall, role: Role, event: sip.Failed) -> None:
        if self._dialler.failed(entry, role, event):
            return
        entry.silent.add(role)
        if event.fault is not None:
            self.fault(entry, event.fault)
        elif role in entry.answered:
            self.tell(entry, LegHungUp(role, facts.of_failure(event)))
        else:
            wire = facts.of_failure(event)
            self.tell(entry, LegFailed(role, wire, self._dialler.ended(entry, role, wire)))

    def _renegotiated(self, entry: EngineCall, role: Role, event: sip.Event) -> None:
        path = self._path(entry)
        match event:
            case sip.InfoReceived():
                self._pass_info(entry, role, event)
            case sip.Reinvited():
                entry.holds.offered(role, event.body)
                path.offered(role, event.body)
            case sip.ReinviteAnswered():
                self._tell_if(entry, entry.holds.answered(role, event.body))
                path.answered(role, event.body)
            case sip.ReinviteFailed():
                path.refused(role, event.status)
            case sip.Acknowledged():
                path.acknowledged(role, event.body)
            case _:
                pass

    def _pass_info(self, entry: EngineCall, role: Role, event: sip.InfoReceived) -> None:
        """Digits and the like, to the other phone if it talks; the user agent has answered already."""
        other = entry.legs.get(role.other)
        if other is not None:
            self._agent.info(other, content_type=event.content_type, body=event.body, now=self._shell.now())
            self._shell.wake()

    def _heard_stranger(self, event: sip.Event) -> None:
        """Calls to us are refused; last words of forgotten calls are nobody's; the shell counts and logs all else."""
        if isinstance(event, sip.IncomingInvite):
            self._log.rejected_invite(event.source.host_port, event.request.uri)
            self._agent.reject(event.leg, status=self._refusal, now=self._shell.now())
        elif isinstance(event, sip.Provisional | sip.Answered):
            self._agent.release(event.leg, now=self._shell.now())  # a fault lost it: no phone rings for nobody
        else:
            self._watch.heard(event)
