"""One call to one phone: a clockwork that is told the time and says what to do.  No SIP in here."""

from __future__ import annotations

from enum import Enum, unique

from twoleg.sandbox.behaviour import Act, Answer, Behaviour, HangUp, Refuse


@unique
class State(Enum):
    """How far the call is."""

    RINGING = "ringing"
    """Not decided yet, whether or not anything was sent."""
    TALKING = "talking"
    """Answered by the phone."""
    OVER = "over"
    """Refused, withdrawn or hung up; nothing will be done any more."""


class Phone:
    """Plays the cues of one behaviour, starting when the INVITE came."""

    __slots__ = ("_behaviour", "_played", "_since", "state")

    def __init__(self, behaviour: Behaviour, *, now: float) -> None:
        """`now` is when the INVITE came."""
        self.state = State.RINGING
        self._behaviour = behaviour
        self._since = now
        self._played = 0

    def deadline(self) -> float | None:
        """When the next cue is due; None when nothing is left to do."""
        cues = self._behaviour.cues
        if self.state is State.OVER or self._played == len(cues):
            return None
        return self._since + cues[self._played].at

    def take_due(self, now: float) -> list[Act]:
        """What is to be done by `now`, in order, once."""
        acts: list[Act] = []
        while (deadline := self.deadline()) is not None and deadline <= now:
            act = self._behaviour.cues[self._played].act
            self._played += 1
            self._note(act)
            acts.append(act)
        return acts

    def take_last_moment(self) -> list[Act]:
        """A CANCEL is at the door and not yet heard: what is done before it is."""
        if self.state is not State.RINGING or not self._behaviour.answers_cancel:
            return []
        act = Answer()
        self._note(act)
        return [act]

    def end(self) -> None:
        """The other end withdrew or hung up, or the call failed."""
        self.state = State.OVER

    def _note(self, act: Act) -> None:
        match act:
            case Answer():
                self.state = State.TALKING
            case Refuse() | HangUp():
                self.state = State.OVER
            case _:
                pass
