"""One delivery to a receiver as a small machine: its table, the retry schedule, and the ruling on each attempt.

Of the deliveries of one call to one receiver only the first unfinished one is due; the others wait for their turn.
"""

from __future__ import annotations

from enum import Enum, unique

from twoleg.domain.errors import DomainError
from twoleg.domain.values import Value


@unique
class State(Enum):
    """Where a delivery stands."""

    WAITING = "waiting"
    """An earlier event of its call comes first."""
    DUE = "due"
    """To be attempted at its time."""
    DELIVERED = "delivered"
    EXPIRED = "expired"
    """Refused until the time for it was over."""
    GONE = "gone"
    """The receiver said that it is no more (410), or was disabled or deleted."""


@unique
class Word(Enum):
    """What can be said to a delivery."""

    TURN = "its turn has come"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "refused, and its time is over"
    GONE = "the receiver is gone"


FINAL = frozenset({State.DELIVERED, State.EXPIRED, State.GONE})

TRANSITIONS: dict[tuple[State, Word], State] = {
    (State.WAITING, Word.TURN): State.DUE,
    (State.WAITING, Word.GONE): State.GONE,
    (State.DUE, Word.ACCEPTED): State.DELIVERED,
    (State.DUE, Word.REFUSED): State.DUE,
    (State.DUE, Word.EXPIRED): State.EXPIRED,
    (State.DUE, Word.GONE): State.GONE,
}

LATE_OR_REPEATED: frozenset[tuple[State, Word]] = frozenset(
    # Its turn was told before; an attempt was under way when somebody else ended the delivery.
    {(State.DUE, Word.TURN)} | {(state, word) for state in FINAL for word in Word}
)

IMPOSSIBLE: frozenset[tuple[State, Word]] = frozenset(
    # What waits is not attempted, so nobody answers it.
    (State.WAITING, word)
    for word in (Word.ACCEPTED, Word.REFUSED, Word.EXPIRED)
)


class ImpossibleWord(DomainError):
    """A word that cannot be said to a delivery in its state: the sender broke its contract."""


def moved(state: State, word: Word) -> State:
    """The state after that word; the same when it is late. Raises `ImpossibleWord`."""
    after = TRANSITIONS.get((state, word))
    if after is not None:
        return after
    if (state, word) in LATE_OR_REPEATED:
        return state
    raise ImpossibleWord(f"'{word.value}' cannot be said to a delivery that is {state.value}")


class Schedule(Value, frozen=True, gc=False, kw_only=True):
    """When a refused delivery is attempted again. All in seconds."""

    first: float = 5.0
    """After the first refusal; it doubles with each further one."""
    longest: float = 3600.0
    window: float = 24 * 3600.0
    """How long attempts go on, counted from when the delivery was planned (decisions 5)."""


_SPREAD = 0.4
"""The jitter: a delay is 80-120 % of what the schedule says, so that what failed together does not return together."""


def delay(schedule: Schedule, *, attempts: int, fraction: float) -> float:
    """Seconds until the next attempt after that many (1, 2, ...); `fraction` is chance, 0 <= fraction < 1."""
    doublings = min(attempts - 1, 64)  # beyond, every schedule has reached its longest delay
    planned = min(schedule.first * 2.0**doublings, schedule.longest)
    return planned * (1 - _SPREAD / 2 + _SPREAD * fraction)


class Outcome(Value, frozen=True, gc=False, kw_only=True):
    """How one attempt went."""

    accepted: bool
    said: str
    """In a few plain words, for the delivery log; never a secret."""
    status: int | None = None
    """HTTP status; None when no answer came."""
    gone: bool = False
    """The receiver asks never to be sent anything again (410)."""
    retry_after: float | None = None
    """Seconds that the receiver asks to be left alone (429, 503)."""
    took_ms: int = 0


class Ruling(Value, frozen=True, gc=False):
    """What an attempt made of its delivery."""

    word: Word
    due_at: int | None = None
    """ms since the epoch; set exactly when it is to be attempted again."""


def judge(outcome: Outcome, *, attempts: int, planned_at: int, now: int, schedule: Schedule, fraction: float) -> Ruling:
    """Rule on the attempt number `attempts`. Times in ms since the epoch; nothing expires without having been tried.

    The last attempt is made when the window closes, however long the delays have become. A receiver's Retry-After
    counts where it asks for more patience than the schedule has, within the window.
    """
    if outcome.accepted:
        return Ruling(Word.ACCEPTED)
    if outcome.gone:
        return Ruling(Word.GONE)
    closes = planned_at + round(schedule.window * 1000)
    if now >= closes:
        return Ruling(Word.EXPIRED)
    seconds = max(delay(schedule, attempts=attempts, fraction=fraction), outcome.retry_after or 0.0)
    return Ruling(Word.REFUSED, min(now + max(1, round(seconds * 1000)), closes))
