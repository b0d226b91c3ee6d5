"""One call to one phone: a clockwork that is told the time and says what to do.  No SIP in here."""

from __future__ import annotations

from twoleg.sandbox.behaviour import Act, Answer, Behaviour, Ring


class Phone:
    """Plays the cues of one behaviour, starting when the INVITE came.

    It need not be told how the call ends: what it says too late, the user agent passes over.
    """

    __slots__ = ("_behaviour", "_is_undecided", "_played", "_since")

    def __init__(self, behaviour: Behaviour, *, now: float) -> None:
        """`now` is when the INVITE came."""
        self._behaviour = behaviour
        self._since = now
        self._played = 0
        self._is_undecided = True

    def deadline(self) -> float | None:
        """When the next cue is due; None when none is left."""
        cues = self._behaviour.cues
        return None if self._played == len(cues) else self._since + cues[self._played].at

    def take_due(self, now: float) -> list[Act]:
        """What is to be done by `now`, in order, once."""
        acts: list[Act] = []
        while (deadline := self.deadline()) is not None and deadline <= now:
            act = self._behaviour.cues[self._played].act
            self._played += 1
            self._is_undecided = self._is_undecided and isinstance(act, Ring)
            acts.append(act)
        return acts

    def take_last_moment(self) -> list[Act]:
        """A CANCEL is at the door and not yet heard: what is done before it is."""
        if not (self._behaviour.answers_cancel and self._is_undecided):
            return []
        self._is_undecided = False
        return [Answer()]
