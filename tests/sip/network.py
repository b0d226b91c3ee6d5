"""User agents that call each other over a network that loses, doubles and delays, on a driven clock.

Nothing is random here but by seed: the fate of the n-th datagram is a function of n.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import TypeAlias

from twoleg.sip.events import (
    Answered,
    Event,
    Failed,
    FailureOrigin,
    Fault,
    IncomingInvite,
    LegId,
    ReinviteAnswered,
    Reinvited,
    Released,
)
from twoleg.sip.headers import NameAddr
from twoleg.sip.leg_words import LegState
from twoleg.sip.peers import Peer, Transmit
from twoleg.sip.timers import Timers
from twoleg.sip.user_agent import UserAgent

Fate: TypeAlias = Callable[[int], tuple[float, ...]]
"""From the number of a datagram to the delays, in seconds, of each of its copies; none for a lost one."""

DELAY = 0.01


def perfect(_number: int) -> tuple[float, ...]:
    return (DELAY,)


def unlucky(*, lost: set[int], doubled: set[int], late: dict[int, float]) -> Fate:
    """Named datagrams have bad luck; all others are fine."""

    def fate(number: int) -> tuple[float, ...]:
        if number in lost:
            return ()
        delay = late.get(number, DELAY)
        return (delay, delay + 0.3) if number in doubled else (delay,)

    return fate


def bad(*, seed: int, loss: float, doubling: float = 0.0, jitter: float = 0.0) -> Fate:
    """Every datagram may have bad luck, with these probabilities and up to `jitter` seconds more delay."""

    def fate(number: int) -> tuple[float, ...]:
        chance = random.Random(seed * 1_000_003 + number)
        if chance.random() < loss:
            return ()
        copies = 2 if chance.random() < doubling else 1
        return tuple(DELAY + chance.random() * jitter for _ in range(copies))

    return fate


class Network:
    """Carries datagrams between parties and turns the clock."""

    def __init__(self, fate: Fate = perfect) -> None:
        self.now = 1000.0
        self.fate = fate
        self.parties: dict[Peer, Party] = {}
        self.carried = 0
        self.escaped: list[Exception] | None = None
        """What raised out of a party, where a test wants to go on; None: it ends the test."""
        self.tap: Callable[[bytes, Peer, Peer], None] = lambda _data, _source, _target: None
        """Sees what is sent, from whom to whom."""
        self.stirred: Callable[[], None] = lambda: None
        """Told that there is something new to do."""
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._serial = 0

    def at(self, when: float, action: Callable[[], object]) -> None:
        """Do something later."""
        self._serial += 1
        heappush(self._agenda, (when, self._serial, action))
        self.stirred()

    def next(self) -> float | None:
        """When there is something to do; None: never."""
        times = [party.ua.next_deadline() for party in self.parties.values()]
        if self._agenda:
            times.append(self._agenda[0][0])
        return min((time for time in times if time is not None), default=None)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        self.settle()
        while (due := self.next()) is not None and due <= end:
            self.now = max(self.now, due)
            while self._agenda and self._agenda[0][0] <= self.now:
                self._do(heappop(self._agenda)[2])
            for party in self.parties.values():
                self._do(partial(party.ua.fire_timers, self.now))
            self.settle()
        self.now = end

    def settle(self) -> None:
        """Take what every party has to send and to tell."""
        for party in self.parties.values():
            self._do(party.listen)
        for party in self.parties.values():
            for transmit in self._output_of(party):
                self.carried += 1
                self.tap(transmit.data, party.address, transmit.peer)
                for delay in self.fate(self.carried):
                    self._carry(transmit.data, party.address, transmit.peer, delay)

    def _output_of(self, party: Party) -> list[Transmit]:
        found: list[Transmit] = []
        self._do(lambda: found.extend(party.ua.take_output()))
        return found

    def _do(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            if self.escaped is None:
                raise
            self.escaped.append(error)

    def _carry(self, data: bytes, source: Peer, target: Peer, delay: float) -> None:
        party = self.parties.get(target)
        if party is not None:
            self.at(self.now + delay, lambda: party.ua.receive(data, source, self.now))


class Party:
    """The owner of one user agent: keeps what it is told, and plays a phone that does what `habits` say."""

    def __init__(self, network: Network, port: int, *, habits: Habits | None = None, seed: int = 1) -> None:
        self.network = network
        self.address = Peer("udp", "127.0.0.1", port)
        self.ua = UserAgent(local=self.address, random=random.Random(seed * 7919 + port), timers=Timers(ring_limit=200))
        self.habits = habits or Habits()
        self.told: list[Event] = []
        self.released: set[LegId] = set()
        network.parties[self.address] = self

    def listen(self) -> None:
        """Hear what happened, and act on it."""
        while events := self.ua.take_events():
            for event in events:
                self.told.append(event)
                self._act(event)

    def call(self, other: Party) -> LegId:
        """Call another party."""
        uri = f"sip:{other.address.host_port}"
        return self.ua.invite(
            target=uri,
            peer=other.address,
            from_=NameAddr("", f"sip:{self.address.host_port}"),
            to=NameAddr("", uri),
            body=b"offer" if self.habits.offers_early else None,
            now=self.network.now,
        )

    def release(self, leg: LegId) -> None:
        """Hang up, once."""
        self.released.add(leg)
        self.ua.release(leg, now=self.network.now)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Act after a while."""
        self.network.at(self.network.now + seconds, action)

    def state(self, leg: LegId) -> LegState:
        """Where a leg is."""
        legs = self.ua._core.legs
        return legs[leg].state if leg in legs else LegState.ENDED

    def legs_told(self) -> set[LegId]:
        """Every leg that any event was about."""
        return {event.leg for event in self.told if hasattr(event, "leg")}

    def of(self, leg: LegId) -> list[Event]:
        """What was told about one leg."""
        return [event for event in self.told if getattr(event, "leg", None) == leg]

    def is_empty(self) -> bool:
        """Whether nothing is left of any call."""
        return has_ended(self.ua)

    def _act(self, event: Event) -> None:
        habits, now = self.habits, self.network.now
        match event:
            case IncomingInvite(leg=leg):
                self._answer_as_usual(leg)
            case Answered(leg=leg, body=body):
                if not habits.offers_early and body is not None:
                    self.ua.ack(leg, body=b"answer", now=now)
                self._talk(leg)
            case Reinvited(leg=leg, body=body):
                said = b"answer" if body is not None else b"offer"
                self.later(habits.thinks, lambda: self.ua.answer_reinvite(leg, status=200, body=said, now=self.now))
            case ReinviteAnswered(leg=leg, body=body) if habits.reoffers_late and body is not None:
                self.ua.ack(leg, body=b"answer", now=now)
            case _:
                pass

    @property
    def now(self) -> float:
        """The clock."""
        return self.network.now

    def _answer_as_usual(self, leg: LegId) -> None:
        habits = self.habits
        if habits.rings:
            self.ua.ring(leg, now=self.now)
        if habits.refuses:
            self.later(habits.thinks, lambda: self.ua.reject(leg, status=486, now=self.now))
        elif habits.answers:
            self.later(habits.thinks, lambda: self._accept(leg))

    def _accept(self, leg: LegId) -> None:
        if self.state(leg) is LegState.INCOMING:
            self.ua.accept(leg, body=b"answer", now=self.now)
            self._talk(leg)

    def _talk(self, leg: LegId) -> None:
        habits = self.habits
        body = None if habits.reoffers_late else b"offer"
        if habits.reoffers_after is not None:
            self.later(habits.reoffers_after, lambda: self._reoffer(leg, body))
        if habits.hangs_up_after is not None:
            self.later(habits.hangs_up_after, lambda: self.release(leg))

    def _reoffer(self, leg: LegId, body: bytes | None) -> None:
        if self.state(leg) in (LegState.TALKING, LegState.ACCEPTED):
            self.ua.reinvite(leg, body=body, now=self.now)


def has_ended(ua: UserAgent) -> bool:
    """Whether nothing is left of any call of a user agent."""
    core = ua._core
    tables = core.transactions
    left = (core.legs, core.dialogs, tables._clients, tables._servers, tables._merged, tables._unheard)
    return not any(left) and not tables._invites and ua.next_deadline() is None


class Habits:
    """How a party behaves; times in seconds."""

    def __init__(
        self,
        *,
        rings: bool = True,
        answers: bool = True,
        refuses: bool = False,
        offers_early: bool = True,
        reoffers_late: bool = False,
        thinks: float = 0.5,
        reoffers_after: float | None = None,
        hangs_up_after: float | None = None,
    ) -> None:
        self.rings = rings
        self.answers = answers
        self.refuses = refuses
        self.offers_early = offers_early
        self.reoffers_late = reoffers_late
        self.thinks = thinks
        self.reoffers_after = reoffers_after
        self.hangs_up_after = hangs_up_after


def check_story(party: Party) -> None:
    """What an owner may rely on (`events`), for every leg of a party whose calls are all over."""
    assert not [event for event in party.told if isinstance(event, Fault)]
    for leg in party.legs_told():
        story = party.of(leg)
        kinds = [type(event) for event in story]
        assert kinds.count(Released) == 1, story
        assert kinds[-1] is Released, story
        assert kinds.count(Answered) <= 1, story
        assert kinds.count(Failed) <= 1, story
        assert not [e for e in story if isinstance(e, Failed) and e.origin is FailureOrigin.INTERNAL], story
        if IncomingInvite not in kinds and leg not in party.released:
            assert (Answered in kinds) != (Failed in kinds and Answered not in kinds), story
