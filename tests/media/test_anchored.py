"""Anchored media: what goes through the relay to which phone, when; every verb in every state of a call; trouble."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from domain.calls import SERIAL, a_call
from fakes.log import NotedLog
from media.relay import ADDRESS, PORT_FOR, ScriptedRelay
from media.test_direct import Wishes, audio_of, sdp
from patience import eventually_async as until
from twoleg.adapters.media.anchored import AnchoredPath
from twoleg.adapters.media.direct import DirectMedia
from twoleg.adapters.media.errands import Errands
from twoleg.adapters.media.places import House, Places
from twoleg.adapters.media.relay import RelayForgot, RelayRefused, RelaySilent
from twoleg.adapters.media.selection import Choice, ChosenMedia
from twoleg.adapters.media.sounds import Sound, ringing_tone
from twoleg.adapters.media.supervision import Watchfulness
from twoleg.application.media import MediaPath
from twoleg.application.recording import NOTE_FILE, CaptureNote, NoRecording, RecordingDesk
from twoleg.domain.call import Role
from twoleg.domain.media import MediaMode
from twoleg.domain.quality import LegQuality, StreamStatistics
from twoleg.domain.recording import Command
from twoleg.domain.values import replace as changed
from twoleg.sip.sdp import Codec, Direction, SessionDescription, audio_description

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
OURS = "127.0.0.1"
RINGING = ringing_tone("CN")
AGENT_SDP, CUSTOMER_SDP = sdp(4000), sdp(5000, address="192.0.2.8")
HELD_SDP = sdp(4000, direction=Direction.SENDONLY)
PCMU = audio_description(
    address="192.0.2.8", port=5000, session_id=7, version=1, codecs=[Codec(0, "PCMU", 8000)]
).encode()
PCMA = audio_description(
    address="192.0.2.7", port=4000, session_id=7, version=1, codecs=[Codec(8, "PCMA", 8000)]
).encode()


@dataclass(slots=True)
class Stage:
    """A path, what it wished, and the relay that it uses."""

    wishes: Wishes = field(default_factory=Wishes)
    relay: ScriptedRelay = field(default_factory=ScriptedRelay)
    log: NotedLog = field(default_factory=NotedLog)
    measured: dict[int, Mapping[Role, LegQuality]] = field(default_factory=dict)
    watchfulness: Watchfulness = field(default_factory=Watchfulness)
    choice: Choice = field(default_factory=lambda: Choice(MediaMode.RTPENGINE))
    desk: RecordingDesk = field(default_factory=NoRecording)
    others: tuple[ScriptedRelay, ...] = ()
    greeting: Sound | None = None
    _media: ChosenMedia | None = None

    @property
    def media(self) -> ChosenMedia:
        if self._media is None:
            self._media = ChosenMedia(
                choice=self.choice,
                direct=DirectMedia(address=OURS),
                relays={MediaMode.RTPENGINE: (self.relay, *self.others)},
                house=House(address=OURS, ringing=RINGING, greeting=self.greeting, log=self.log),
                watchfulness=self.watchfulness,
                desk=self.desk,
                notes=self.measured.__setitem__,
            )
        return self._media

    def open(self) -> MediaPath:
        return self.media.open(a_call(), self.wishes)

    async def quiet(self) -> None:
        """Until nothing is under way any more."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def dialled(self) -> MediaPath:
        """The agent's INVITE is out."""
        path = self.open()
        path.dial(AGENT)
        await self.quiet()
        self.clear()
        return path

    async def ringing(self) -> MediaPath:
        """The agent answered, the customer's INVITE is out."""
        path = await self.dialled()
        path.answered(AGENT, AGENT_SDP)
        path.dial(CUSTOMER)
        await self.quiet()
        self.clear()
        return path

    async def talking(self, *, customer: bytes = CUSTOMER_SDP) -> MediaPath:
        """Both are connected."""
        path = await self.ringing()
        path.answered(CUSTOMER, customer)
        path.bridge()
        await self.quiet()
        self.clear()
        return path

    def clear(self) -> None:
        self.wishes.made.clear()
        self.relay.take()

    def kinds(self) -> list[str]:
        return [str(made[0]) for made in self.wishes.made]


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    assert [made for made in stage.wishes.made if made[0] == "faulted"] == []


pytestmark = pytest.mark.asyncio


# ---------------------------------------------------------------------------- setting up


async def test_the_agent_is_offered_the_relay_and_never_needs_a_re_invite(stage: Stage) -> None:
    path = stage.open()
    path.dial(AGENT)
    await stage.quiet()
    offer = stage.wishes.take_offer(AGENT)
    assert audio_of(offer) == (ADDRESS, PORT_FOR[AGENT], Direction.SENDRECV)

    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    await stage.quiet()
    assert audio_of(stage.wishes.take_offer(CUSTOMER)) == (ADDRESS, PORT_FOR[CUSTOMER], Direction.SENDRECV)

    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    await stage.quiet()
    assert stage.wishes.take() == ("bridged",)
    assert stage.relay.take() == ["offer customer", "answer agent", "offer agent", "answer customer"]


async def test_all_codecs_are_offered_and_only_g711_where_the_call_is_recorded(stage: Stage) -> None:
    path = stage.open()
    path.dial(AGENT)
    await stage.quiet()
    text = stage.wishes.take_offer(AGENT).encode()
    for each in (b"8 PCMA/8000", b"0 PCMU/8000", b"9 G722/8000", b"96 opus/48000/2"):
        assert b"a=rtpmap:" + each + b"\r\n" in text
    for each in (b"101 telephone-event/8000", b"110 telephone-event/48000"):
        assert b"a=rtpmap:" + each + b"\r\n" in text

    recorded = Stage(desk=Desk(Path("/nowhere"), wanted=True))
    recorded.open().dial(AGENT)
    await recorded.quiet()
    audio = recorded.wishes.take_offer(AGENT).audio
    assert audio is not None
    assert audio.formats == ["8", "0", "101"]


async def test_what_a_phone_is_told_has_one_origin_whose_version_grows(stage: Stage) -> None:
    path = await stage.talking()
    for expected in (3, 4):
        path.offered(CUSTOMER, sdp(5000 + expected, address="192.0.2.8", direction=Direction.SENDONLY))
        await stage.quiet()
        told = stage.wishes.take_offer(AGENT) if expected == 3 else stage.wishes.take_answer(CUSTOMER)
        assert (told.origin.session_id, told.origin.address) == (SERIAL, OURS)
        if expected == 3:
            assert told.origin.version == 2
            path.answered(AGENT, sdp(4000, direction=Direction.RECVONLY))
            await stage.quiet()
            assert stage.wishes.take_answer(CUSTOMER).origin.version == 2


async def test_a_customer_who_takes_another_codec_than_the_agent_sends_is_told_to_the_agent(stage: Stage) -> None:
    path = await stage.ringing()
    path.answered(CUSTOMER, PCMU)
    path.bridge()
    await stage.quiet()
    retold = stage.wishes.take_offer(AGENT)
    assert retold.audio is not None
    assert retold.audio.formats == ["0"]
    path.answered(AGENT, sdp(4000))
    await stage.quiet()
    assert stage.wishes.take() == ("bridged",)


async def test_an_agent_who_refuses_the_customers_codec_fails_the_bridge(stage: Stage) -> None:
    path = await stage.ringing()
    path.answered(CUSTOMER, PCMU)
    path.bridge()
    await stage.quiet()
    stage.wishes.take_offer(AGENT)
    path.refused(AGENT, 488)
    assert stage.wishes.take()[:2] == ("failed", 65)


# ---------------------------------------------------------------------------- before the answer


async def test_ringing_is_played_to_the_agent_and_stopped_by_early_media(stage: Stage) -> None:
    path = await stage.ringing()
    path.ringback()
    await stage.quiet()
    assert stage.relay.take() == ["play agent ringing-CN"]
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.pass_early()
    path.ringback()
    await stage.quiet()
    assert stage.relay.take() == ["stop agent", "answer customer"]
    assert stage.wishes.made == []


async def test_ringing_stops_when_the_customer_answers(stage: Stage) -> None:
    path = await stage.ringing()
    path.ringback()
    await stage.quiet()
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    await stage.quiet()
    assert stage.relay.take() == ["play agent ringing-CN", "stop agent", "answer customer"]
    assert stage.wishes.take() == ("bridged",)


async def test_ringing_that_the_answer_overtook_is_not_played(stage: Stage) -> None:
    path = await stage.ringing()
    path.ringback()
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    await stage.quiet()
    assert stage.relay.take() == ["answer customer"]


async def test_early_media_of_another_branch_is_heard_too(stage: Stage) -> None:
    path = await stage.ringing()
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.pass_early()
    path.early(CUSTOMER, sdp(5002, address="192.0.2.9"))
    await stage.quiet()
    assert stage.relay.take() == ["answer customer", "answer customer"]


async def test_a_2xx_without_description_stands_by_the_early_one(stage: Stage) -> None:
    path = await stage.ringing()
    path.early(CUSTOMER, CUSTOMER_SDP)
    path.answered(CUSTOMER, None)
    path.bridge()
    await stage.quiet()
    assert stage.wishes.take() == ("bridged",)


async def test_an_answer_without_any_description_cannot_be_connected(stage: Stage) -> None:
    path = await stage.ringing()
    path.answered(CUSTOMER, None)
    assert stage.wishes.take()[:2] == ("failed", 127)


GREETING = Sound("greeting", 0.05, alaw=b"", ulaw=b"", repeats=False)


async def greeted(stage: Stage) -> MediaPath:
    """The agent answered and the customer is to be dialled: a greeting begins."""
    stage.greeting = GREETING
    path = await stage.dialled()
    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    await stage.quiet()
    return path


async def test_the_engine_is_told_of_a_greeting_and_the_customer_is_dialled_after_it(stage: Stage) -> None:
    path = await greeted(stage)
    assert stage.wishes.take() == ("greeting", False)
    assert stage.relay.asked[-1] == "play agent greeting"
    assert await until(lambda: len(stage.wishes.made) == 2)
    assert stage.wishes.made.pop(0) == ("greeting", True)
    stage.wishes.take_offer(CUSTOMER)
    path.close()


async def test_a_greeting_that_cannot_be_played_costs_no_time_and_is_not_told(stage: Stage) -> None:
    stage.relay.failing["play"] = RelayRefused("no G.711")
    path = await greeted(stage)
    stage.wishes.take_offer(CUSTOMER)
    path.close()


async def test_an_agent_that_hangs_up_in_the_greeting_is_all_there_is_of_the_call(stage: Stage) -> None:
    path = await greeted(stage)
    stage.clear()
    path.close()
    assert await until(lambda: stage.relay.asked[-1:] == ["close"])
    assert stage.wishes.made == []


async def test_a_relay_that_cannot_play_is_no_reason_to_end_a_call(stage: Stage) -> None:
    path = await stage.ringing()
    stage.relay.failing["play"] = RelayRefused("no such codec")
    path.ringback()
    await stage.quiet()
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    await stage.quiet()
    assert stage.wishes.take() == ("bridged",)
    assert stage.log.events("warning") == ["relay cannot do a courtesy"]


# ---------------------------------------------------------------------------- what phones change


async def test_hold_goes_through_the_relay_to_the_other_phone_and_its_answer_comes_back(stage: Stage) -> None:
    path = await stage.talking()
    path.offered(AGENT, HELD_SDP)
    await stage.quiet()
    assert audio_of(stage.wishes.take_offer(CUSTOMER)) == (ADDRESS, PORT_FOR[CUSTOMER], Direction.SENDONLY)
    path.answered(CUSTOMER, sdp(5000, address="192.0.2.8", direction=Direction.RECVONLY))
    await stage.quiet()
    assert audio_of(stage.wishes.take_answer(AGENT)) == (ADDRESS, PORT_FOR[AGENT], Direction.RECVONLY)
    assert stage.relay.take() == ["offer agent", "answer customer"]


async def test_a_phone_that_only_moved_costs_the_other_no_re_invite(stage: Stage) -> None:
    path = await stage.talking()
    path.offered(AGENT, sdp(4444, address="203.0.113.5"))
    await stage.quiet()
    assert audio_of(stage.wishes.take_answer(AGENT)) == (ADDRESS, PORT_FOR[AGENT], Direction.SENDRECV)
    assert stage.relay.take() == ["offer agent", "answer customer"]


async def test_a_refused_change_is_refused_and_the_relay_told_what_held_before(stage: Stage) -> None:
    path = await stage.talking()
    path.offered(AGENT, HELD_SDP)
    await stage.quiet()
    stage.clear()
    path.refused(CUSTOMER, 488)
    await stage.quiet()
    assert stage.wishes.take() == ("answer", AGENT, 488, None)
    assert stage.relay.take() == ["offer agent", "answer customer"]


@pytest.mark.parametrize("status", [None, 300])
async def test_a_change_that_got_no_proper_answer_is_refused_with_488(stage: Stage, status: int | None) -> None:
    path = await stage.talking()
    path.offered(AGENT, HELD_SDP)
    await stage.quiet()
    stage.clear()
    path.refused(CUSTOMER, status)
    await stage.quiet()
    assert stage.wishes.take() == ("answer", AGENT, 488, None)


async def test_changes_of_both_phones_at_once_are_glare(stage: Stage) -> None:
    path = await stage.talking()
    path.offered(AGENT, HELD_SDP)
    path.offered(CUSTOMER, CUSTOMER_SDP)  # before the relay has even answered
    assert stage.wishes.take() == ("answer", CUSTOMER, 491, None)
    await stage.quiet()
    stage.wishes.take_offer(CUSTOMER)
    path.offered(CUSTOMER, CUSTOMER_SDP)
    assert stage.wishes.take() == ("answer", CUSTOMER, 491, None)


@pytest.mark.parametrize(("trouble", "status"), [(RelayRefused("no"), 500), (RelaySilent("no"), 500)])
async def test_a_change_that_the_relay_cannot_make_is_refused_and_the_call_goes_on(
    stage: Stage, trouble: RelayRefused, status: int
) -> None:
    path = await stage.talking()
    stage.relay.failing["offer"] = trouble
    path.offered(AGENT, HELD_SDP)
    await stage.quiet()
    assert stage.wishes.take() == ("answer", AGENT, status, None)
    del stage.relay.failing["offer"]
    path.offered(AGENT, HELD_SDP)
    await stage.quiet()
    stage.wishes.take_offer(CUSTOMER)


async def test_a_relay_that_forgot_the_call_ends_it_whoever_notices(stage: Stage) -> None:
    path = await stage.talking()
    stage.relay.failing["offer"] = RelayForgot("unknown call")
    path.offered(AGENT, HELD_SDP)
    await stage.quiet()
    assert stage.wishes.take()[:2] == ("failed", 47)


async def test_a_description_that_cannot_be_read_is_not_acceptable(stage: Stage) -> None:
    path = await stage.talking()
    path.offered(AGENT, b"nonsense")
    assert stage.wishes.take() == ("answer", AGENT, 488, None)


async def test_an_unreadable_answer_to_a_passed_change_refuses_it(stage: Stage) -> None:
    path = await stage.talking()
    path.offered(AGENT, HELD_SDP)
    await stage.quiet()
    stage.clear()
    path.answered(CUSTOMER, b"nonsense")
    await stage.quiet()
    assert stage.wishes.take() == ("answer", AGENT, 488, None)


async def test_a_phone_that_asks_for_an_offer_gets_the_others_and_its_answer_reaches_the_other(stage: Stage) -> None:
    path = await stage.talking()
    path.offered(AGENT, None)
    await stage.quiet()
    assert audio_of(stage.wishes.take_answer(AGENT))[1] == PORT_FOR[AGENT]
    path.acknowledged(AGENT, PCMA)
    await stage.quiet()
    offer = stage.wishes.take_offer(CUSTOMER)
    assert offer.audio is not None
    assert offer.audio.formats == ["8"]
    path.answered(CUSTOMER, CUSTOMER_SDP)
    await stage.quiet()
    assert stage.wishes.made == []


async def test_an_agent_who_changes_before_the_customer_answered_is_answered_by_the_relay(stage: Stage) -> None:
    path = await stage.ringing()
    path.offered(AGENT, PCMA)
    await stage.quiet()
    assert audio_of(stage.wishes.take_answer(AGENT))[:2] == (ADDRESS, PORT_FOR[AGENT])
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    await stage.quiet()
    assert stage.wishes.take() == ("bridged",)


# ---------------------------------------------------------------------------- every verb in every state

VERBS: dict[str, Callable[[MediaPath], None]] = {
    "early": lambda path: path.early(CUSTOMER, CUSTOMER_SDP),
    "pass early": lambda path: path.pass_early(),
    "ringback": lambda path: path.ringback(),
    "agent answered": lambda path: path.answered(AGENT, AGENT_SDP),
    "agent refused": lambda path: path.refused(AGENT, 488),
    "agent offered": lambda path: path.offered(AGENT, AGENT_SDP),
    "agent asked": lambda path: path.offered(AGENT, None),
    "customer offered": lambda path: path.offered(CUSTOMER, CUSTOMER_SDP),
    "acknowledged": lambda path: path.acknowledged(AGENT, AGENT_SDP),
}
DECIDED: dict[str, dict[str, list[str]]] = {
    # what is wished, in the state of the column
    "dialled": {
        "early": [],
        "pass early": [],
        "ringback": [],
        "agent answered": [],
        "agent refused": [],
        "agent offered": ["answer"],
        "agent asked": ["answer"],
        "customer offered": ["answer"],
        "acknowledged": [],
    },
    "ringing": {
        "early": [],
        "pass early": [],
        "ringback": [],
        "agent answered": [],
        "agent refused": [],
        "agent offered": ["answer"],
        "agent asked": ["answer"],
        "customer offered": ["answer"],
        "acknowledged": [],
    },
    "talking": {
        "early": [],
        "pass early": [],
        "ringback": [],
        "agent answered": [],
        "agent refused": [],
        "agent offered": ["answer"],
        "agent asked": ["answer"],
        "customer offered": ["answer"],
        "acknowledged": [],
    },
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", DECIDED)
async def test_every_verb_is_decided_in_every_state(stage: Stage, state: str, verb: str) -> None:
    path = await getattr(stage, state)()
    VERBS[verb](path)
    await stage.quiet()
    assert stage.kinds() == DECIDED[state][verb]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", DECIDED)
async def test_after_the_end_nothing_is_wished_and_the_relay_is_told_once(stage: Stage, state: str, verb: str) -> None:
    path = await getattr(stage, state)()
    VERBS[verb](path)
    path.close()
    await stage.quiet()
    stage.wishes.made.clear()
    VERBS[verb](path)
    await stage.quiet()
    assert stage.wishes.made == []
    assert stage.relay.asked.count("close") == 1
    assert not stage.media.is_busy


# ---------------------------------------------------------------------------- no relay


async def test_the_next_relay_takes_the_call_when_the_first_refuses(stage: Stage) -> None:
    other = ScriptedRelay(name="other", load=5)
    stage.others = (other,)
    stage.relay.failing["offer"] = RelayRefused("no ports left")
    stage.open().dial(AGENT)
    await stage.quiet()
    stage.wishes.take_offer(AGENT)
    assert other.asked == ["offer customer"]


async def test_a_relay_that_did_not_answer_in_time_may_have_the_call_and_is_told_of_its_end(stage: Stage) -> None:
    slow = ScriptedRelay(name="slow", failing={"offer": RelaySilent("no answer")})
    stage.others, stage.relay.load = (slow,), 1.0
    path = await stage.dialled()
    assert slow.take() == ["offer customer"]
    path.close()
    await stage.quiet()
    assert (slow.take(), stage.relay.take()[-1]) == (["close"], "close")


async def test_the_least_loaded_relay_is_asked_first_and_one_that_is_down_not_at_all(stage: Stage) -> None:
    idle, down = ScriptedRelay(name="idle", load=1), ScriptedRelay(name="down", is_up=False)
    stage.relay.load = 7
    stage.others = (idle, down)
    stage.open().dial(AGENT)
    await stage.quiet()
    assert (idle.asked, stage.relay.asked, down.asked) == (["offer customer"], [], [])


async def test_without_a_relay_the_call_fails_unless_it_may_go_direct() -> None:
    refused, allowed = Stage(), Stage(choice=Choice(MediaMode.RTPENGINE, fallback=(MediaMode.RTPIO, MediaMode.DIRECT)))
    for stage in (refused, allowed):
        stage.relay.failing["offer"] = RelaySilent("nobody there")
        stage.open().dial(AGENT)
        await stage.quiet()
    assert refused.wishes.take()[:2] == ("failed", 47)
    assert allowed.wishes.take_offer(AGENT).direction is Direction.INACTIVE
    assert "call goes without a relay" in allowed.log.events("warning")


async def test_a_call_that_went_direct_goes_on_direct(stage: Stage) -> None:
    stage.choice = Choice(MediaMode.RTPENGINE, fallback=(MediaMode.DIRECT,))
    stage.relay.failing["offer"] = RelaySilent("nobody there")
    path = stage.open()
    path.dial(AGENT)
    await stage.quiet()
    stage.wishes.take_offer(AGENT)
    path.answered(AGENT, sdp(4000, direction=Direction.INACTIVE))
    path.dial(CUSTOMER)
    assert audio_of(stage.wishes.take_offer(CUSTOMER)) == ("192.0.2.7", 4000, Direction.SENDRECV)
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    assert audio_of(stage.wishes.take_offer(AGENT)) == ("192.0.2.8", 5000, Direction.SENDRECV)
    path.close()


async def test_tenants_may_have_another_kind_of_media_than_the_rest(stage: Stage) -> None:
    stage.choice = Choice(MediaMode.RTPENGINE, tenants={"t1": MediaMode.DIRECT})
    stage.open().dial(AGENT)
    assert stage.wishes.take_offer(AGENT).direction is Direction.INACTIVE
    assert stage.relay.asked == []


@pytest.mark.parametrize(
    ("call", "first"),
    [
        (MediaMode.DIRECT, MediaMode.DIRECT),
        (MediaMode.RTPENGINE, MediaMode.RTPENGINE),
        (None, MediaMode.RTPIO),
    ],
)
async def test_what_a_call_asks_for_comes_before_what_its_tenant_gets(call: MediaMode | None, first: MediaMode) -> None:
    choice = Choice(MediaMode.RTPENGINE, fallback=(MediaMode.DIRECT,), tenants={"t1": MediaMode.RTPIO})
    wanted = changed(a_call(), media=call)
    assert choice.order(wanted)[0] is first
    assert choice.order(wanted)[-1] is MediaMode.DIRECT


# ---------------------------------------------------------------------------- while it lasts, and at its end

HASTY = Watchfulness(look_every=0.01, silent_after=0.03, hang_up_after=0.0)


async def test_a_call_whose_relay_forgot_it_ends(stage: Stage) -> None:
    stage.watchfulness = HASTY
    await stage.talking()
    stage.relay.failing["statistics"] = RelayForgot("unknown call")
    assert await until(lambda: "failed" in stage.kinds())


async def test_a_call_whose_relay_is_silent_twice_ends_and_once_does_not(stage: Stage) -> None:
    stage.watchfulness = HASTY
    await stage.talking()
    stage.relay.failing["statistics"] = RelaySilent("nobody there")
    assert await until(lambda: "failed" in stage.kinds())
    assert stage.relay.asked[:2] == ["statistics", "statistics"]


async def test_a_phone_that_should_send_and_does_not_is_told_until_it_is_heard(stage: Stage) -> None:
    stage.watchfulness = HASTY
    stage.relay.counts = {AGENT: StreamStatistics(packets=0), CUSTOMER: StreamStatistics(packets=0)}
    path = await stage.talking()

    def one_more_of(role: Role) -> None:
        stage.relay.counts[role] = StreamStatistics(packets=stage.relay.counts[role].packets + 1)

    def is_told() -> bool:
        one_more_of(CUSTOMER)
        return ("silent", AGENT) in stage.wishes.made

    def is_over() -> bool:
        one_more_of(CUSTOMER)
        one_more_of(AGENT)
        return ("heard", AGENT) in stage.wishes.made

    assert await until(is_told)
    assert await until(is_over)
    path.close()
    await stage.quiet()
    assert stage.log.events("warning") == ["no audio from a phone"]
    assert stage.wishes.made == [("silent", AGENT), ("heard", AGENT)]
    assert (stage.measured[SERIAL][AGENT].was_silent, stage.measured[SERIAL][CUSTOMER].was_silent) == (True, False)


async def test_a_call_in_which_neither_phone_sends_ends_where_that_is_wanted(stage: Stage) -> None:
    stage.watchfulness = Watchfulness(look_every=0.01, silent_after=0.02, hang_up_after=0.03)
    stage.relay.counts = {AGENT: StreamStatistics(packets=5), CUSTOMER: StreamStatistics(packets=5)}
    await stage.talking()
    assert await until(lambda: "failed" in stage.kinds())
    assert [wish[:2] for wish in stage.wishes.made] == [("silent", AGENT), ("silent", CUSTOMER), ("failed", 102)]


async def test_phones_on_hold_may_be_silent(stage: Stage) -> None:
    stage.watchfulness = Watchfulness(look_every=0.01, silent_after=0.02, hang_up_after=0.02)
    path = await stage.ringing()
    path.answered(CUSTOMER, sdp(5000, address="192.0.2.8", direction=Direction.INACTIVE))
    path.bridge()
    assert await until(lambda: stage.relay.asked.count("statistics") > 8)
    assert stage.kinds() == ["bridged"]
    assert stage.log.events("warning") == []


async def test_the_quality_of_both_legs_is_told_at_the_end_of_a_call_that_talked(stage: Stage) -> None:
    stage.relay.counts = {
        AGENT: StreamStatistics(packets=98, lost=2, jitter=3.0),
        CUSTOMER: StreamStatistics(packets=100, lost=0, jitter=0.0),
    }
    path = await stage.talking()
    path.close()
    await stage.quiet()
    assert stage.measured[SERIAL][AGENT].loss == 2.0
    assert stage.measured[SERIAL][CUSTOMER].mos == pytest.approx(4.4, abs=0.02)

    silent = Stage(relay=stage.relay)
    (await silent.ringing()).close()
    await silent.quiet()
    assert silent.measured == {}


def living() -> set[int]:
    """The parts of paths that are there, by their identity."""
    return {id(each) for each in gc.get_objects() if isinstance(each, AnchoredPath | Places | Errands)}


async def test_nothing_of_a_call_waits_for_the_garbage_collector(stage: Stage) -> None:
    gc.collect()  # what earlier tests left shall not go while this one counts
    others = living()
    gc.disable()
    try:
        stage.choice = Choice(MediaMode.RTPENGINE, fallback=(MediaMode.DIRECT,))
        stage.watchfulness = HASTY
        path = await stage.talking()
        assert await until(lambda: stage.relay.asked.count("statistics") > 1)
        assert len(living()) == len(others) + 3
        gone = weakref.ref(path)
        path.close()
        del path
        assert await until(lambda: gone() is None)
        await stage.quiet()
        assert living() <= others
    finally:
        gc.enable()


# ---------------------------------------------------------------------------- recording


@dataclass(slots=True)
class Desk:
    """A `RecordingDesk` that notes what it is told."""

    folder: Path
    wanted: bool = False
    told: list[str] = field(default_factory=list)

    def is_wanted(self, serial: int) -> bool:
        return self.wanted and serial == SERIAL

    def spool(self, serial: int) -> Path:
        folder = self.folder / str(serial)
        folder.mkdir(exist_ok=True)
        return folder

    def began(self, serial: int) -> None:
        assert CaptureNote.decode((self.spool(serial) / NOTE_FILE).read_bytes()).serial == serial
        self.told.append("began")

    def failed(self, serial: int, why: str) -> None:
        self.told.append(f"failed: {why}" if serial else "")

    def captured(self, serial: int) -> None:
        self.told.append("captured" if serial else "")


async def test_a_wanted_recording_begins_when_both_talk_and_is_noted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, wanted=True)
    stage = Stage(desk=desk)
    path = await stage.talking()
    assert await until(lambda: desk.told == ["began"])
    note = CaptureNote.decode((desk.spool(SERIAL) / NOTE_FILE).read_bytes())
    assert note.payload_types == {101: "telephone-event"}
    assert note.files[0].agent_ports == (1,)
    path.close()
    await stage.quiet()
    assert desk.told == ["began", "captured"]


async def test_a_recording_is_paused_and_resumed_while_both_talk(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    stage = Stage(desk=desk)
    await stage.talking()
    for command in (Command.START, Command.PAUSE, Command.RESUME, Command.RESUME, Command.STOP):
        stage.media.record(SERIAL, command)
    assert await until(lambda: stage.relay.asked.count("end capture") == 2)
    assert stage.relay.asked == ["capture", "end capture", "capture", "end capture"]
    assert desk.told == ["began", "began"]


async def test_a_relay_that_cannot_record_is_told_to_the_desk_and_the_call_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, wanted=True)
    stage = Stage(desk=desk)
    stage.relay.failing["capture"] = RelayRefused("no room")
    path = await stage.ringing()
    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    assert await until(lambda: desk.told == ["failed: no room"])
    assert stage.kinds() == ["bridged"]


async def test_a_recorded_call_goes_on_with_g711_when_a_phone_changes_codecs(tmp_path: Path) -> None:
    desk = Desk(tmp_path, wanted=True)
    stage = Stage(desk=desk)
    path = await stage.talking()
    assert await until(lambda: desk.told == ["began"])
    wide = audio_description(
        address="192.0.2.7",
        port=4000,
        session_id=7,
        version=2,
        codecs=[Codec(9, "G722", 8000), Codec(8, "PCMA", 8000)],
    )
    path.offered(AGENT, wide.encode())
    assert await until(lambda: bool(stage.wishes.made))
    offer: SessionDescription = stage.wishes.take_offer(CUSTOMER)
    assert offer.audio is not None
    assert offer.audio.formats == ["8"]


async def test_codecs_that_a_relay_could_translate_are_kept_out_of_a_recorded_call(tmp_path: Path) -> None:
    """What a phone sends is what is captured, before it is translated."""
    desk = Desk(tmp_path, wanted=True)
    stage = Stage(desk=desk, relay=ScriptedRelay(translates=True))
    path = stage.open()
    path.dial(AGENT)
    await stage.quiet()
    assert formats(stage.wishes.take_offer(AGENT)) == ["8", "0", "101"]

    path.answered(AGENT, AGENT_SDP)
    path.dial(CUSTOMER)
    await stage.quiet()
    assert formats(stage.wishes.take_offer(CUSTOMER)) == ["8", "0", "101"]

    path.answered(CUSTOMER, CUSTOMER_SDP)
    path.bridge()
    assert await until(lambda: desk.told == ["began"])  # its note is on the disk: what follows waits for it
    await stage.quiet()
    stage.clear()
    path.offered(AGENT, None)
    await stage.quiet()
    assert formats(stage.wishes.take_answer(AGENT)) == ["8", "0", "101"]


async def test_a_phone_of_a_recorded_call_that_says_nothing_new_is_not_passed_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, wanted=True)
    stage = Stage(desk=desk, relay=ScriptedRelay(translates=True))
    path = await stage.talking()
    assert await until(lambda: desk.told == ["began"])
    await stage.quiet()
    path.offered(AGENT, sdp(4002))
    await stage.quiet()
    assert stage.kinds() == ["answer"]


def formats(description: SessionDescription) -> list[str]:
    """The payload types of its audio."""
    assert description.audio is not None
    return list(description.audio.formats)


async def test_a_command_for_a_call_without_a_path_is_harmless(stage: Stage) -> None:
    stage.media.record(1, Command.START)
    assert stage.relay.asked == []
