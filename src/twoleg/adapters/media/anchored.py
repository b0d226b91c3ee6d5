"""Anchored media: both phones send to a relay of ours, from their first description on (after RFC 3725's aims).

The agent is rung with an offer that names the relay; the customer is offered what the agent answered, at the relay too.
So the customer's answer needs no re-INVITE of the agent, early media and our own ringing tone reach the agent, and what
either phone changes later goes through the relay. Which relay, and how it is asked, is behind `relay.Anchor`.

Asking takes time: what the verbs begin is done by `errands.Errands`, one thing after the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from twoleg.adapters.media.codecs import sends, takes
from twoleg.adapters.media.compare import is_known
from twoleg.adapters.media.errands import Errands
from twoleg.adapters.media.places import NoAnchor, Places
from twoleg.adapters.media.relay import Anchor, RelayForgot, RelayTrouble
from twoleg.adapters.media.side import Purpose
from twoleg.adapters.media.supervision import Supervision
from twoleg.application.media import MediaWishes
from twoleg.domain import causes
from twoleg.domain.call import Role
from twoleg.domain.recording import Command
from twoleg.sip.errors import SdpError
from twoleg.sip.sdp import SessionDescription

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
NOT_ACCEPTABLE = 488
REQUEST_PENDING = 491
SERVER_ERROR = 500


class AnchoredPath:
    """The media of one call through a relay; see `application.media.MediaPath` for the contract."""

    def __init__(self, *, wishes: MediaWishes, places: Places, supervision: Supervision) -> None:
        """`places` finds a relay that takes the call, `supervision` looks after it while both talk."""
        self._wishes = wishes
        self._places = places
        self._supervision = supervision
        self._errands = Errands(trouble=self._trouble, fault=wishes.faulted)
        self._sides = {role: places.side(role) for role in Role}
        self._anchor: Anchor = NoAnchor()
        self._hears_early = False
        self._is_playing = False
        self._agent_news: SessionDescription | None = None
        """What the customer's answer means for the agent."""
        self._is_bridged = False

    # ------------------------------------------------------------------ the verbs

    def dial(self, role: Role) -> None:
        """The agent is offered the relay, the customer what the agent answered, at the relay."""
        self._begin(partial(self._dial_agent if role is AGENT else self._dial_customer))

    def early(self, role: Role, body: bytes) -> None:
        """Kept for `pass_early`, and for a 2xx that does not repeat it; one that cannot be read is passed over."""
        if self._sides[role].hear(body) and role is CUSTOMER and self._hears_early:
            self._begin(self._connect_early)  # another branch of a fork, or another description of the same

    def answered(self, role: Role, body: bytes | None) -> None:
        """An answer to whatever was under way to this phone."""
        side = self._sides[role]
        purpose = side.settle()
        if body is not None and not side.hear(body):
            self._unusable_answer(role, purpose)
        elif side.heard is None:
            self._wishes.failed(causes.INTERWORKING, f"the {role.value} answered without a session description")
        else:
            self._begin(partial(self._take_answer, role, purpose))

    def refused(self, role: Role, status: int | None) -> None:
        """Fatal only for what the bridge needs."""
        purpose = self._sides[role].settle()
        if purpose is Purpose.PASS:
            answer = status if status and status >= 400 else NOT_ACCEPTABLE
            self._begin(partial(self._pass_refusal, role, answer))
        elif purpose is Purpose.RETELL:
            cause = causes.INTERWORKING if status is None else causes.cause_of_status(status)
            self._wishes.failed(cause, f"the {role.value} refused the other phone's codecs with {status}")

    def offered(self, role: Role, body: bytes | None) -> None:
        """Through the relay to the other phone; answered alone where that one learns nothing, or is not there yet."""
        if self._sides[AGENT].is_busy or self._sides[CUSTOMER].is_busy:
            self._wishes.answer(role, REQUEST_PENDING, None)
        elif body is None:
            self._errands.add(self._guarded(role, partial(self._make_offer, role)))
        else:
            self._take_offer(role, body)

    def acknowledged(self, role: Role, body: bytes | None) -> None:
        """The answer of a phone that had asked for an offer."""
        if self._sides[role].owes_answer and body is not None and self._sides[role].hear(body):
            self._sides[role].owes_answer = False
            self._begin(partial(self._take_late_answer, role))

    def ringback(self) -> None:
        """Our own ringing tone, unless the customer's network sends audio itself."""
        if not self._hears_early:
            self._begin(self._play_ringing)

    def pass_early(self) -> None:
        """The agent hears the customer's network from now on."""
        if not self._hears_early:
            self._hears_early = True
            self._begin(self._connect_early)

    def bridge(self) -> None:
        """Both answered; what the customer answered is at the relay already."""
        self._begin(self._bridge)

    def close(self) -> None:
        """Nothing more is wished; what was heard is measured, and the relay told, as soon as it may be."""
        self._errands.close(self._finish)
        self._places.forget()

    async def _finish(self) -> None:
        try:
            await self._supervision.finish(self._anchor)
        finally:
            await self._places.part()

    def record(self, command: Command) -> None:
        """Begin, pause or end the capture of what both say."""
        self._begin(partial(self._supervision.record, command))

    # ------------------------------------------------------------------ errands

    def _begin(self, errand: Callable[[], Awaitable[None]]) -> None:
        self._errands.add(errand)

    def _trouble(self, trouble: RelayTrouble | SdpError) -> None:
        """What an errand ran into that the call cannot do without."""
        cause = causes.INTERWORKING if isinstance(trouble, SdpError) else causes.RESOURCE_UNAVAILABLE
        self._wishes.failed(cause, str(trouble))

    def _guarded(self, role: Role, errand: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """For what a phone asks in mid-call: trouble refuses that, and leaves the call as it was."""

        async def run() -> None:
            try:
                await errand()
            except RelayForgot:
                raise
            except SdpError:
                self._refuse(role, NOT_ACCEPTABLE)
            except RelayTrouble:
                self._refuse(role, SERVER_ERROR)

        return run

    async def _dial_agent(self) -> None:
        placed = await self._places.find()
        if placed is None:
            return  # another path has taken over
        self._anchor, offer = placed
        self._supervision.opened(self._anchor, self._wishes, self._errands)
        self._tell(AGENT, offer, Purpose.DIAL)

    async def _dial_customer(self) -> None:
        await self._greet()
        offer = await self._anchor.offer(AGENT, self._heard(AGENT))
        self._tell(CUSTOMER, offer, Purpose.DIAL)

    async def _greet(self) -> None:
        greeting = self._places.greeting
        if greeting is not None and await self._supervision.courtesy(partial(self._anchor.play, AGENT, greeting)):
            self._wishes.greeting(is_over=False)
            await self._errands.pause(greeting.seconds)
            self._wishes.greeting(is_over=True)

    async def _take_answer(self, role: Role, purpose: Purpose | None) -> None:
        match purpose:
            case Purpose.DIAL if role is CUSTOMER:
                await self._connect_customer()
            case Purpose.DIAL | Purpose.RETELL:
                await self._anchor.answer(role, self._heard(role))
                if purpose is Purpose.RETELL:
                    await self._bridged()
            case Purpose.PASS:
                self._answer(role.other, await self._anchor.answer(role, self._heard(role)))
                await self._supervision.renegotiated()
            case Purpose.REFRESH:
                await self._anchor.offer(role.other, self._heard(role.other))
                await self._anchor.answer(role, self._heard(role))
            case None:
                pass  # a second answer to the same

    async def _connect_early(self) -> None:
        """A courtesy: what the relay makes of the answer is what counts."""
        await self._supervision.courtesy(self._connect_customer)

    async def _connect_customer(self) -> None:
        await self._stop_playing()
        told = await self._anchor.answer(CUSTOMER, self._heard(CUSTOMER))
        self._agent_news = SessionDescription.parse(told)

    async def _play_ringing(self) -> None:
        if not self._hears_early and self._sides[CUSTOMER].is_being_dialled:
            self._is_playing = await self._supervision.courtesy(partial(self._anchor.play, AGENT, self._places.ringing))

    async def _stop_playing(self) -> None:
        if self._is_playing:
            self._is_playing = False
            await self._supervision.courtesy(partial(self._anchor.stop_playing, AGENT))

    async def _bridge(self) -> None:
        news, agent = self._agent_news, self._sides[AGENT].heard
        codec = None if agent is None else sends(agent)
        if news is None or codec is None or takes(news, codec):
            await self._bridged()
        else:  # it would go on sending what the customer did not agree to
            offer = await self._anchor.offer(CUSTOMER, self._heard(CUSTOMER))
            self._tell(AGENT, offer, Purpose.RETELL)

    async def _bridged(self) -> None:
        if not self._is_bridged:
            self._is_bridged = True
            self._wishes.bridged()
            await self._supervision.bridged(self._anchor, self._sides)

    # ------------------------------------------------------------------ what a phone changes

    def _take_offer(self, role: Role, body: bytes) -> None:
        if not self._sides[role].begin_offer(body):
            self._wishes.answer(role, NOT_ACCEPTABLE, None)
            return
        errand = self._pass_offer if self._is_bridged else self._answer_alone
        self._errands.add(self._guarded(role, partial(errand, role)))

    async def _pass_offer(self, role: Role) -> None:
        offer = await self._anchor.offer(role, self._heard(role))
        side, other = self._sides[role], self._sides[role.other]
        if is_known(side.heard, side.before) or other.knows(offer):
            self._answer(role, await self._anchor.answer(role.other, self._heard(role.other)))
        else:
            self._tell(role.other, offer, Purpose.PASS)

    async def _answer_alone(self, role: Role) -> None:
        """The other phone has not answered yet: the relay answers for it."""
        await self._anchor.offer(role, self._heard(role))
        told = await self._anchor.answer(role.other, self._places.heard_or_stand_in(self._sides[role.other]))
        self._answer(role, told)

    async def _pass_refusal(self, role: Role, status: int) -> None:
        """The other phone's change is off: the relay is told what held before."""
        self._refuse(role.other, status)
        await self._anchor.offer(role.other, self._heard(role.other))
        await self._anchor.answer(role, self._heard(role))

    async def _make_offer(self, role: Role) -> None:
        stand_in = self._places.heard_or_stand_in(self._sides[role.other])
        offer = await self._anchor.offer(role.other, stand_in)
        self._sides[role].owes_answer = True
        self._answer(role, offer)

    async def _take_late_answer(self, role: Role) -> None:
        told = await self._anchor.answer(role, self._heard(role))
        other = self._sides[role.other]
        if self._is_bridged and not other.knows(told):
            self._tell(role.other, await self._anchor.offer(role, self._heard(role)), Purpose.REFRESH)

    def _unusable_answer(self, role: Role, purpose: Purpose | None) -> None:
        if purpose is Purpose.PASS:
            self._begin(partial(self._pass_refusal, role, NOT_ACCEPTABLE))
        else:
            self._wishes.failed(causes.INTERWORKING, f"the {role.value}'s session description cannot be used")

    # ------------------------------------------------------------------ words

    def _heard(self, role: Role) -> bytes:
        return self._sides[role].said()

    def _tell(self, role: Role, offer: bytes, purpose: Purpose) -> None:
        self._wishes.offer(role, self._sides[role].tell(offer, purpose))

    def _refuse(self, role: Role, status: int) -> None:
        self._sides[role].withdraw_offer()
        self._wishes.answer(role, status, None)

    def _answer(self, role: Role, told: bytes) -> None:
        self._wishes.answer(role, 200, self._sides[role].tell_answer(told))
