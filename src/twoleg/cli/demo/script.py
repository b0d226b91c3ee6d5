"""The calls of the demo, and how each must end. Data only."""

from __future__ import annotations

from dataclasses import dataclass

RING_AGENT = 3
"""Seconds the agent's phone rings in the demo's service, so that nobody waits half a minute to see it time out."""

ANSWERS = "8855500200"
"""Any prefix before the sandbox's eight digits will do."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One call."""

    title: str
    caller: str
    called: str
    reason: int
    """The `reasonCode` it must end with."""
    talks: bool = False
    """Whether it must have been in state 2."""
    hang_up: bool = False
    """Whether we end it, by `twoleg hangup`, once it talks."""
    shows: str = ""
    """What the store must know of the end, and shows to an operator; checked word for word."""


SCENES = (
    Scene(
        "Both answer, they talk, the customer hangs up",
        caller=ANSWERS,
        called="8655500002",
        reason=0,
        talks=True,
        shows="Q.850 16; customer: SIP 200, ended by customer",
    ),
    Scene(
        "The customer is busy",
        caller=ANSWERS,
        called="8655500486",
        reason=3,
        shows="Q.850 17; customer: SIP 486, ended by network",
    ),
    Scene(
        "The customer's network has no circuit: 503 with a Reason header",
        caller=ANSWERS,
        called="8655500503",
        reason=3,
        shows="Q.850 34; customer: SIP 503, ended by network",
    ),
    Scene(
        f"The agent never answers (it may ring for {RING_AGENT} s here)",
        caller="8855500408",
        called="8655500200",
        reason=4,
        shows="Q.850 19; customer: never dialled",
    ),
    Scene(
        "Early media, they talk, and an operator ends the call",
        caller=ANSWERS,
        called="8655500183",
        reason=1001,
        talks=True,
        hang_up=True,
        shows="Q.850 16; customer: SIP 200, ended by request",
    ),
)
