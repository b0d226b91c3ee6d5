"""Direct media: the phones send audio to each other, no relay of ours is in between (after RFC 3725, flow III).

The agent is rung with an inactive offer. Its answer, made active, is the offer to the customer; the customer's answer
goes back to the agent in a re-INVITE. Later re-offers of either phone are passed through. There is no ringback: the
agent hears what the customer's network sends early, if it sends anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from twoleg.adapters.media.compare import is_known, receivers
from twoleg.application.media import MediaWishes
from twoleg.domain import causes
from twoleg.domain.call import Call, Role
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import OFFERED_CODECS, Direction, SessionDescription, answer_to, inactive_offer

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
NOT_ACCEPTABLE = 488
REQUEST_PENDING = 491
_DISCARD_PORT = 9


@unique
class _Purpose(Enum):
    """Why an offer of ours is under way to a phone."""

    DIAL = "dial"
    EARLY = "early"
    BRIDGE = "bridge"
    MOVE = "move"
    """The agent's answer differs from what the customer was told: tell the customer."""
    PASS = "pass"  # noqa: S105  # not a password
    """The other phone's own re-offer."""


@dataclass(slots=True)
class _Side:
    """One phone as the path knows it."""

    session_id: int
    version: int = 0
    heard: SessionDescription | None = None
    """The last description it gave."""
    told: SessionDescription | None = None
    """The last description it was given: an offer that it accepted, or our answer."""
    telling: SessionDescription | None = None
    under_way: _Purpose | None = None
    owes_answer: bool = False
    """It asked for an offer; its answer comes with the ACK."""
    waits: bool = False
    """Its own re-offer waits until the offer that is under way to the other phone is settled."""


class DirectMedia:
    """Opens direct paths. `address`: the host address that our own descriptions name."""

    def __init__(self, *, address: str) -> None:
        self._address = address

    def open(self, call: Call, wishes: MediaWishes) -> DirectPath:
        """A path for a new call; the o= lines carry the serial, which is unique."""
        return DirectPath(serial=call.serial, wishes=wishes, address=self._address)


class DirectPath:
    """The media of one call without a relay; see `application.media.MediaPath` for the contract."""

    def __init__(self, *, serial: int, wishes: MediaWishes, address: str) -> None:
        self._wishes = wishes
        self._address = address
        self._sides = {AGENT: _Side(serial), CUSTOMER: _Side(serial)}
        self._wants_bridge = False
        self._passes_early = False

    def dial(self, role: Role) -> None:
        """The agent is offered silence, the customer what the agent answered. Raises `SdpError` before that."""
        side = self._sides[role]
        if role is AGENT:
            offer = inactive_offer(address=self._address, session_id=side.session_id, version=0, codecs=OFFERED_CODECS)
        else:
            heard = self._sides[AGENT].heard
            if heard is None:
                raise SdpError("the customer cannot be offered media before the agent answered")
            offer = heard.with_direction(Direction.SENDRECV)
        self._offer(role, offer, _Purpose.DIAL)

    def early(self, role: Role, body: bytes) -> None:
        """Kept for `pass_early`, and for a 2xx that does not repeat it; one that cannot be read is passed over."""
        self._hear(role, body)

    def answered(self, role: Role, body: bytes | None) -> None:
        """An answer to whatever was under way to this phone."""
        side = self._sides[role]
        purpose, side.under_way = side.under_way, None
        side.told, side.telling = side.telling or side.told, None
        if body is not None:
            if not self._hear(role, body):
                self._unusable_answer(role, purpose)
                return
        elif side.heard is None:
            self._wishes.failed(causes.INTERWORKING, f"the {role.value} answered without a session description")
            return
        self._go_on(role, purpose)
        self._pass_on_waiting(role.other)

    def _unusable_answer(self, role: Role, purpose: _Purpose | None) -> None:
        if purpose is _Purpose.PASS:
            self._wishes.answer(role.other, NOT_ACCEPTABLE, None)
        else:
            self._wishes.failed(causes.INTERWORKING, f"the {role.value}'s session description cannot be used")

    def _go_on(self, role: Role, purpose: _Purpose | None) -> None:
        match purpose:
            case _Purpose.EARLY if self._wants_bridge:
                self.bridge()
            case _Purpose.BRIDGE:
                self._follow_agent()
            case _Purpose.MOVE:
                self._wishes.bridged()
            case _Purpose.PASS:
                self._answer_passed(role.other)
            case _:
                pass  # a dialled phone waits for `bridge`; early media waits for the customer's answer

    def refused(self, role: Role, status: int | None) -> None:
        """Fatal only for what `bridge` needs."""
        side = self._sides[role]
        purpose, side.under_way = side.under_way, None
        match purpose:
            case _Purpose.PASS:
                self._wishes.answer(role.other, status if status and status >= 400 else NOT_ACCEPTABLE, None)
            case _Purpose.EARLY if self._wants_bridge:
                self.bridge()
            case _Purpose.BRIDGE | _Purpose.MOVE:
                cause = causes.INTERWORKING if status is None else causes.cause_of_status(status)
                self._wishes.failed(cause, f"the {role.value} refused the other phone's media with {status}")
            case _:
                pass  # early media is a courtesy; `bridge` asks again
        self._pass_on_waiting(role.other)

    def offered(self, role: Role, body: bytes | None) -> None:
        """Passed on to the other phone, or answered alone while there is none."""
        before = self._sides[role].heard
        if self._is_crossed(role):
            self._wishes.answer(role, REQUEST_PENDING, None)
        elif body is not None and not self._hear(role, body):
            self._wishes.answer(role, NOT_ACCEPTABLE, None)
        elif role is AGENT and not self._wants_bridge:
            self._answer_alone(role, asked=body is None)
        elif self._sides[role].under_way is _Purpose.DIAL:
            self._answer_early(role, before)
        else:
            self._sides[role].owes_answer = body is None
            self._pass_on(role)

    def _is_crossed(self, role: Role) -> bool:
        """Glare across the bridge: both re-offers at once would wait for each other for good (RFC 3261 14.2)."""
        return self._sides[role].under_way is _Purpose.PASS or self._sides[role.other].waits

    def _pass_on(self, role: Role) -> None:
        """Now, or when the bridge or another offer under way to the other phone is settled."""
        side, other = self._sides[role], self._sides[role.other]
        side.waits = not self._wants_bridge or other.under_way is not None
        if side.waits:
            return
        if side.owes_answer:
            self._offer(role.other, None, _Purpose.PASS)
        elif is_known(side.heard, other.told):
            self._answer_passed(role)
        else:
            self._offer(role.other, side.heard, _Purpose.PASS)

    def _pass_on_waiting(self, role: Role) -> None:
        if self._sides[role].waits:
            self._pass_on(role)

    def _answer_passed(self, role: Role) -> None:
        side, heard = self._sides[role], self._sides[role.other].heard
        side.told = heard
        self._wishes.answer(role, 200, None if heard is None else self._encode(role, heard))

    def _answer_early(self, role: Role, before: SessionDescription | None) -> None:
        """An offer of the customer's network before the customer answers: where the agent is stays as it was told.

        The agent is told where the customer is now by `bridge`, or at once if it hears early media.
        """
        side, agent = self._sides[role], self._heard(AGENT)
        if side.heard is None or agent.audio is None or agent.audio_address is None:
            raise SdpError("no offer to answer, or nobody to answer for")
        try:
            answer = answer_to(
                side.heard,
                address=agent.audio_address,
                port=agent.audio.port,
                session_id=side.session_id,
                among=agent.audio,
            )
        except SdpError:
            side.heard = before
            self._wishes.answer(role, NOT_ACCEPTABLE, None)
            return
        side.telling = answer  # what its 2xx makes the last thing it was told
        self._wishes.answer(role, 200, self._encode(role, answer))
        if self._passes_early:
            self.pass_early()

    def _answer_alone(self, role: Role, *, asked: bool) -> None:
        """Nobody to ask yet: hold the line with inactive media."""
        side = self._sides[role]
        if asked:
            answer = inactive_offer(address=self._address, session_id=side.session_id, version=0)
        else:
            answer = self._inactive_answer(role)
        side.told = answer  # it hears nothing now: `bridge` has to offer it the other phone again
        self._wishes.answer(role, 200, self._encode(role, answer))

    def _inactive_answer(self, role: Role) -> SessionDescription:
        side = self._sides[role]
        if side.heard is None:
            raise SdpError("no offer to answer")
        answer = answer_to(side.heard, address=self._address, port=_DISCARD_PORT, session_id=side.session_id)
        return answer.with_direction(Direction.INACTIVE)

    def acknowledged(self, role: Role, body: bytes | None) -> None:
        """The answer of a phone that had asked for an offer goes on to the other."""
        side = self._sides[role]
        if body is None or not self._hear(role, body):
            return
        if side.owes_answer:
            side.owes_answer = False
            self._wishes.ack(role.other, self._encode(role.other, self._heard(role)))

    def ringback(self) -> None:
        """Nothing: without a relay there is nobody to play it."""

    def pass_early(self) -> None:
        """Offer the early description to the agent, unless an offer is under way to it."""
        self._passes_early = True
        early = self._sides[CUSTOMER].heard
        if early is not None and self._sides[AGENT].under_way is None:
            self._offer(AGENT, early, _Purpose.EARLY)

    def bridge(self) -> None:
        """Offer the agent what the customer answered, unless it was told so early."""
        self._wants_bridge = True
        agent, customer = self._sides[AGENT], self._heard(CUSTOMER)
        if agent.under_way is not None:
            return  # early media is still being offered; its answer comes back here
        if is_known(customer, agent.told):
            self._follow_agent()
        else:
            self._offer(AGENT, customer, _Purpose.BRIDGE)
        self._pass_on_waiting(CUSTOMER)

    def close(self) -> None:
        """Nothing to free."""

    def _follow_agent(self) -> None:
        """Bridged, unless the agent moved its media since the customer was told where it is."""
        agent, customer = self._heard(AGENT), self._sides[CUSTOMER]
        if customer.told is not None and receivers(agent) == receivers(customer.told):
            self._wishes.bridged()
        else:
            self._offer(CUSTOMER, agent, _Purpose.MOVE)

    def _hear(self, role: Role, body: bytes) -> bool:
        try:
            heard = SessionDescription.parse(body)
        except SdpError:
            return False
        if heard.audio is None:
            return False
        self._sides[role].heard = heard
        return True

    def _heard(self, role: Role) -> SessionDescription:
        heard = self._sides[role].heard
        if heard is None:
            raise SdpError(f"nothing was heard from the {role.value} yet")
        return heard

    def _offer(self, role: Role, description: SessionDescription | None, purpose: _Purpose) -> None:
        side = self._sides[role]
        side.under_way = purpose
        side.telling = description
        self._wishes.offer(role, None if description is None else self._encode(role, description))

    def _encode(self, role: Role, description: SessionDescription) -> bytes:
        """Under our name: one origin per dialog, its version raised each time (RFC 3264 8)."""
        side = self._sides[role]
        side.version += 1
        named = description.with_origin(
            username="-", session_id=side.session_id, version=side.version, address=self._address
        )
        return named.encode()
