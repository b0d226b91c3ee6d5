"""The conductor: signal -> step -> commit -> effects, one signal at a time per call.

The one caller of `machine.step`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from twoleg.application.call_log import CallLog
from twoleg.application.late_steps import LateSteps
from twoleg.application.living import LivingCall, Taken
from twoleg.application.ports import CallEngine, CallJournal, Cancellable, Clock, Full
from twoleg.application.waiting import WaitingLines
from twoleg.domain.call import Call, Phase, Role
from twoleg.domain.effects import ArmTimer, Dial, DisarmTimer, Effect, SendInvite, Timer
from twoleg.domain.machine import Step, step
from twoleg.domain.signals import (
    Faulted,
    LegReleased,
    QueueExpired,
    RingTimeout,
    Signal,
    Start,
    TalkLimitReached,
)

LINGER = 40.0
"""Seconds an ended call stays reachable for its last words: 64*T1 = 32 s (RFC 3261 13.3.1.4) and some slack."""

_TIMER_SIGNAL: dict[Timer, Signal] = {
    Timer.QUEUE: QueueExpired(),
    Timer.RING_AGENT: RingTimeout(Role.AGENT),
    Timer.RING_CUSTOMER: RingTimeout(Role.CUSTOMER),
    Timer.TALK: TalkLimitReached(),
}


def _nothing() -> None:
    """For what nobody waits for."""


@dataclass(frozen=True, slots=True)
class _Look:
    due: float
    """ms since the epoch."""
    timer: Cancellable


class Conductor:
    """Holds the living calls of this engine process. Everything runs on one loop; nothing here blocks."""

    def __init__(
        self, *, journal: CallJournal, engine: CallEngine, clock: Clock, limits: Mapping[Timer, float], log: CallLog
    ) -> None:
        """`limits`: seconds of each timer."""
        self._journal = journal
        self._engine = engine
        self._clock = clock
        self._limits = limits
        self._log = log
        self._calls: dict[int, LivingCall] = {}
        self._lines = WaitingLines()
        self._late: LateSteps[Taken] = LateSteps(clock=clock, tell=self._perform_ahead)
        self._looks: dict[str, _Look] = {}
        """By trunk: when its line is to be looked at, though none of its legs ends."""
        self._is_held = False

    def __contains__(self, serial: object) -> bool:
        return serial in self._calls

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def living(self) -> int:
        """Calls that were dialled and have not ended."""
        return sum(1 for live in self._calls.values() if Phase.QUEUED < live.call.phase < Phase.ENDED)

    @property
    def is_silent(self) -> bool:
        """Whether nothing is left on the wire or on its way to the disk; calls that wait to be dialled do not count."""
        return all(live.call.phase is Phase.QUEUED and not live.undurable for live in self._calls.values())

    def hold(self) -> None:
        """Dial none of those who wait any more, for the service stops; the next one dials them. Again is harmless."""
        self._is_held = True

    def admit(self, call: Call) -> None:
        """Take a QUEUED call from the store and dial it, as soon as there is room; one already taken is left alone."""
        if call.serial in self._calls:
            return
        live = self._calls[call.serial] = LivingCall(call)
        waited = (self._clock.now_ms() - call.created_at) / 1000
        if waited > self._limits[Timer.QUEUE]:
            self.signal(call.serial, QueueExpired())
            return
        try:
            self._look_at_due_lines()
            self._try_to_start(live)
            if live.call.phase is Phase.QUEUED:  # few have to wait, and a timer that is stopped at once is a dear one
                self._arm(live, Timer.QUEUE, self._limits[Timer.QUEUE] - waited)
        except Exception as error:  # noqa: BLE001  # see _step
            self._fault(live, Start(), error)

    def room(self, trunk: str) -> None:
        """There may be room at that trunk again: start who waits for it, in order, as long as there is.

        Who turns out to wait for another trunk holds nobody up here.
        """
        while not self._is_held and (serial := self._lines.first(trunk)) is not None:
            live = self._calls.get(serial)
            if live is None or live.call.phase is not Phase.QUEUED:
                self._lines.leave(serial)
            elif trunk in self._try_to_start(live):
                return

    def ways_changed(self) -> None:
        """A trunk came up: whoever waits may have a way now that was not there before."""
        for trunk in self._lines.trunks():
            self.room(trunk)

    def _try_to_start(self, live: LivingCall) -> frozenset[str]:
        """Start it, refuse it, or let it wait for the trunks of the answer."""
        if live.call.phase is not Phase.QUEUED or self._is_held:
            return frozenset()
        try:
            answer = self._room_for(live)
        except Exception as error:  # noqa: BLE001  # see _step
            self._fault(live, Start(), error)
            return frozenset()
        if isinstance(answer, Full):
            return answer.trunks
        self.signal(live.call.serial, answer or Start())
        return frozenset()

    def _room_for(self, live: LivingCall) -> Signal | Full | None:
        """What the engine says; with Full the call waits in the lines of its trunks, else in none."""
        serial, answer = live.call.serial, self._engine.reserve(live.call)
        if isinstance(answer, Full):
            self._lines.put(serial, answer.trunks)
            if answer.seconds is not None:
                self._look_later(answer.trunks, answer.seconds)
        else:
            self._lines.leave(serial)
        return answer

    def _look_later(self, trunks: Iterable[str], seconds: float) -> None:
        due = self._clock.now_ms() + seconds * 1000
        for trunk in trunks:
            if trunk not in self._looks:
                timer = self._clock.call_later(seconds, partial(self._look, trunk))
                self._looks[trunk] = _Look(due, timer)

    def _look(self, trunk: str) -> None:
        self._looks.pop(trunk).timer.cancel()
        self.room(trunk)

    def _look_at_due_lines(self) -> None:
        """Nobody who comes just when there is room again overtakes those who wait for it."""
        now = self._clock.now_ms()
        for trunk in [trunk for trunk, look in self._looks.items() if look.due <= now]:
            self._look(trunk)

    def adopt(self, call: Call, signal: Signal, *, on_wire: Iterable[Role] = ()) -> None:
        """Take a call that another process left behind, and tell it so: recovery's way in.

        `on_wire`: whose legs the engine has taken over, so that each has a last word to say.
        """
        self._calls.setdefault(call.serial, LivingCall(call)).on_wire.update(on_wire)
        self.signal(call.serial, signal)

    def signal(self, serial: int, signal: Signal) -> None:
        """Tell a call what happened. Never raises: a fault ends that call, and only that one."""
        live = self._calls.get(serial)
        if live is None:
            self._log.unknown_call(serial, signal)
            return
        taken = self._step(live, live.hears(signal))
        if taken is None:
            return
        live.call = taken.call
        if taken.is_last_word:
            # Nothing waits for it to be written: if it is lost, the next engine says goodbye to that phone once more.
            self._journal.append(taken, _nothing)
            self._drop_if_over(live)
        elif taken.changed:
            waits = Taken(live, taken)
            ticket = self._late.put(waits)
            self._log.stepped(taken, signal)
            live.undurable += 1
            self._journal.append(taken, lambda: self._durable(waits, ticket))
        else:
            self._perform(live, taken.call, taken.effects)
            self._drop_if_over(live)

    def _step(self, live: LivingCall, signal: Signal) -> Step | None:
        try:
            return step(live.call, signal, self._clock.now_ms())
        except Exception as error:  # noqa: BLE001  # whatever a rule raises ends this call, never the service
            self._fault(live, signal, error)
            return None

    def _durable(self, taken: Taken, ticket: int) -> None:
        live = taken.live
        live.undurable -= 1
        in_time = self._late.take(ticket)
        self._perform(live, taken.step.call, taken.step.effects if in_time else taken.ringing)
        self._drop_if_over(live)

    def _perform_ahead(self, late: Taken) -> None:
        """The store takes too long: do all but ring a phone.

        After a crash now the call is alive in the store and its phones are free: recovery ends it with 1003.
        """
        self._perform(late.live, late.step.call, late.others)

    def _perform(self, live: LivingCall, call: Call, effects: Iterable[Effect]) -> None:
        for effect in effects:
            try:
                self._perform_one(live, call, effect)
            except Exception as error:  # noqa: BLE001  # see _step
                self._fault(live, effect, error)

    def _perform_one(self, live: LivingCall, call: Call, effect: Effect) -> None:
        match effect:
            case ArmTimer(timer=timer, plus=plus):
                self._arm(live, timer, self._limits[timer] + plus)
            case DisarmTimer(timer=timer):
                self._disarm(live, timer)
            case Dial() | SendInvite() if live.call.phase is Phase.ENDED:
                pass  # the call ended while its dialling became durable: ring nobody
            case Dial(role=role):
                live.on_wire.add(role)
                self._engine.perform(call, effect)
            case SendInvite():
                live.unsent = None
                self._engine.perform(call, effect)
            case _:
                self._engine.perform(call, effect)

    def _arm(self, live: LivingCall, timer: Timer, seconds: float) -> None:
        self._disarm(live, timer)
        serial, signal = live.call.serial, _TIMER_SIGNAL[timer]
        live.timers[timer] = self._clock.call_later(seconds, lambda: self.signal(serial, signal))

    def _disarm(self, live: LivingCall, timer: Timer) -> None:
        running = live.timers.pop(timer, None)
        if running is not None:
            running.cancel()

    def _fault(self, live: LivingCall, at: Signal | Effect, error: Exception) -> None:
        self._log.faulted(live.call, at, error)
        if not isinstance(at, Faulted):
            self.signal(live.call.serial, Faulted(f"{type(error).__name__} while handling {type(at).__name__}"))

    def _drop_if_over(self, live: LivingCall) -> None:
        """Forget a call once its end is durable and its legs have said their last word, or `LINGER` later."""
        if live.call.phase is not Phase.ENDED or live.undurable:
            return
        if not live.on_wire:
            self._drop(live)
        elif live.linger is None:
            live.linger = self._clock.call_later(LINGER, lambda: self._drop(live))

    def _drop(self, live: LivingCall) -> None:
        for timer in tuple(live.timers):
            self._disarm(live, timer)
        if live.linger is not None:
            live.linger.cancel()
        self._lines.leave(live.call.serial)
        if self._calls.pop(live.call.serial, None) is None:
            return
        if not self._is_forgotten(live.call):
            self._is_forgotten(live.call)  # what a fault kept from being freed the first time is freed the second

    def _is_forgotten(self, call: Call) -> bool:
        try:
            self._engine.forget(call)
        except Exception as error:  # noqa: BLE001  # see _step; the end is durable already: there is only the log
            self._log.faulted(call, LegReleased(Role.AGENT), error)
            return False
        return True
