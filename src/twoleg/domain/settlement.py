"""Whether the agent's phone was rung for a call: what a client asks that lost its answer, or whose service died."""

from __future__ import annotations

from enum import unique

from twoleg.domain.call import Call, Phase
from twoleg.domain.reasons import Reason
from twoleg.domain.values import Word


@unique
class Dialled(Word):
    """What is known of it. NO of an ended call is final: it can be placed again, and nobody is rung twice."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


def was_dialled(call: Call) -> Dialled:
    """By what is on disk. An attempt is there before its INVITE is on the wire, so without one there was none.

    UNKNOWN: the engine died between the two, or before it heard anything. It may still become YES: the next engine
    takes the INVITE back, and a phone that answers that was reached.
    """
    agent = call.agent
    heard = (agent.ringing_at, agent.early_media_at, agent.answered_at, agent.sip_status)
    if any(fact is not None for fact in heard):
        return Dialled.YES
    if not any(attempt.peer is not None for attempt in agent.attempts):
        return Dialled.NO
    tried = any(attempt.ended_at is not None for attempt in agent.attempts)
    was_lost = call.phase is Phase.ENDED and call.reason is Reason.ENGINE_LOST
    return Dialled.UNKNOWN if was_lost and not tried else Dialled.YES
