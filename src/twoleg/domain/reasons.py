"""Why a call ended, in our words: table A of the decisions page (0-6 are the vendor's, from 1001 ours)."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Reason(IntEnum):
    """The reason of an ended call; the value is published as it is to tenants of profile `aicc` (range 0-65535)."""

    CUSTOMER_HUNG_UP = 0
    AGENT_HUNG_UP = 1
    AGENT_FAILED = 2
    CUSTOMER_FAILED = 3
    AGENT_UNANSWERED = 4
    CUSTOMER_UNANSWERED = 5
    NOT_DIALLED = 6
    HANGUP_REQUESTED = 1001
    TALK_LIMIT = 1002
    ENGINE_LOST = 1003
    BRIDGE_FAILED = 1004
    QUEUE_EXPIRED = 1005
    SERVICE_STOPPED = 1006

    @property
    def text(self) -> str:
        """One plain sentence for people and logs."""
        return _TEXTS[self]


_TEXTS = {
    Reason.CUSTOMER_HUNG_UP: "The call was connected; the customer hung up.",
    Reason.AGENT_HUNG_UP: "The agent hung up.",
    Reason.AGENT_FAILED: "The agent's phone could not be reached.",
    Reason.CUSTOMER_FAILED: "The customer's phone could not be reached.",
    Reason.AGENT_UNANSWERED: "The agent did not answer.",
    Reason.CUSTOMER_UNANSWERED: "The customer did not answer.",
    Reason.NOT_DIALLED: "Nothing could be dialled: no trunk, no route or no channel.",
    Reason.HANGUP_REQUESTED: "The call was hung up by request.",
    Reason.TALK_LIMIT: "The longest allowed talk time was reached.",
    Reason.ENGINE_LOST: "The service lost the call: its engine stopped or failed.",
    Reason.BRIDGE_FAILED: "Both answered, but their media could not be connected.",
    Reason.QUEUE_EXPIRED: "The call waited longer than allowed before it could be dialled.",
    Reason.SERVICE_STOPPED: "The service was stopped, and its operator did not wait for the end of the call.",
}
