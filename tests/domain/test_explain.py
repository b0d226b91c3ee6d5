"""Verdicts: every way a call can stand or end is said in one sentence that a person can act on, and why we think so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.calls import T0, a_call
from twoleg.domain.call import Attempt, Call, EndedBy, Leg, Phase, Role
from twoleg.domain.causes import Q850_NAMES
from twoleg.domain.events import Event, EventType
from twoleg.domain.explain import causes, refusals, situations, statuses
from twoleg.domain.explain.explain import explain
from twoleg.domain.explain.page import explain_page
from twoleg.domain.explain.page_texts import PAGE_TEXTS, Agreement
from twoleg.domain.explain.situations import Situation
from twoleg.domain.explain.verdict import Certainty, Fact, Side, Verdict
from twoleg.domain.explain.words import Language, Words, length
from twoleg.domain.machine import step
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import (
    BridgeFailed,
    EngineLost,
    Faulted,
    HangUpRequested,
    LegAnswered,
    LegEarlyMedia,
    LegFailed,
    LegHungUp,
    LegRefused,
    LegRinging,
    QueueExpired,
    RingTimeout,
    ServiceStopped,
    Signal,
    Start,
    TalkLimitReached,
    WireFacts,
)
from twoleg.domain.tenant import Refusal
from twoleg.domain.values import replace

A, C = Role.AGENT, Role.CUSTOMER
SECOND = 1000
AGENT_UP = (Start(), LegRinging(A), LegAnswered(A))
TALK = (*AGENT_UP, LegRinging(C), LegAnswered(C))


def after(*signals: Signal, each: int = SECOND) -> Call:
    """The call after those signals, the first at once, each later one `each` ms after the one before."""
    call = a_call()
    for place, signal in enumerate(signals):
        call = step(call, signal, T0 + place * each).call
    return call


def said(call: Call, *, events: tuple[Event, ...] = ()) -> Verdict:
    return explain(call, events=events, now=T0 + 60 * SECOND)


def by(trunk: str = "carrier", number: int = 1, **facts: object) -> Attempt:
    attempt = Attempt(number, trunk, "udp:192.0.2.1:5060", "88889060", "640003", T0)
    return replace(attempt, **facts)


def refused(status: int | None, cause: int, reason: str | None = None) -> Call:
    """A call whose customer was refused by the network 0.4 s after it was called."""
    call = after(*AGENT_UP, each=0)
    wire = WireFacts(sip_status=status, sip_reason=reason, cause=cause)
    return step(call, LegFailed(C, wire, by(sip_status=status, cause=cause)), T0 + 400).call


# ---------------------------------------------------------------------------- the sentence


def test_a_busy_customer_is_told_as_a_help_desk_would() -> None:
    verdict = said(refused(486, 17))

    assert verdict.sentence.en == (
        "The customer's phone 88889060 was busy (SIP 486, Q.850 17) 0.4 s after it was called; "
        "try again in a few minutes."
    )
    assert verdict.sentence.zh == "客户电话 88889060 占线（SIP 486，Q.850 17），呼叫后 0.4 秒；请几分钟后再试。"
    assert verdict.side is Side.CUSTOMER
    assert verdict.advice.retry
    assert verdict.advice.after_ms == 300_000
    assert verdict.certainty is Certainty.CERTAIN
    assert verdict.because == Words("the network answered SIP 486", "网络返回 SIP 486")


SITUATIONS: list[tuple[Situation, Call, str, Side | None]] = [
    (Situation.WAITING, after(), "The call has been waiting to be dialled for 1 min 00 s; do not place it again", None),
    (
        Situation.CALLING,
        after(Start()),
        "The agent's phone 88889050 has been called for 1 min 00 s and has not rung yet;",
        None,
    ),
    (
        Situation.RINGING,
        after(Start(), LegRinging(A)),
        "The agent's phone 88889050 has been ringing for 59.0 s;",
        None,
    ),
    (
        Situation.HEARING,
        after(*AGENT_UP, LegEarlyMedia(C)),
        "The customer's phone 88889060 has been called for 58.0 s, and its network plays something;",
        None,
    ),
    (Situation.TALKING, after(*TALK), "Agent 88889050 and customer 88889060 have been talking for 56.0 s;", None),
    (
        Situation.CUSTOMER_HUNG_UP,
        after(*TALK, LegHungUp(C, WireFacts(cause=16))),
        "Customer 88889060 hung up after 1.0 s of talk with agent 88889050; there is nothing to repeat.",
        Side.CUSTOMER,
    ),
    (
        Situation.CUSTOMER_DROPPED,
        after(*TALK, LegHungUp(C, WireFacts(cause=38))),
        "The connection to the customer's phone 88889060 broke off after 1.0 s of talk (Q.850 38); try again at once.",
        Side.CARRIER,
    ),
    (
        Situation.AGENT_HUNG_UP,
        after(*TALK, LegHungUp(A)),
        "Agent 88889050 hung up after 1.0 s of talk with customer 88889060; there is nothing to repeat.",
        Side.AGENT,
    ),
    (
        Situation.AGENT_DROPPED,
        after(*TALK, LegHungUp(A, WireFacts(cause=102))),
        "The connection to the agent's phone 88889050 broke off after 1.0 s of talk (Q.850 102); try again at once.",
        Side.CARRIER,
    ),
    (
        Situation.AGENT_LEFT,
        after(*AGENT_UP, LegRinging(C), LegHungUp(A)),
        "Agent 88889050 hung up 2.0 s after answering, while customer 88889060 was still being called; try again",
        Side.AGENT,
    ),
    (
        Situation.NO_RESPONSE,
        after(Start(), LegFailed(A, WireFacts(cause=102), by())),
        "Trunk carrier did not say a word within 1.0 s when the agent's phone 88889050 was called (Q.850 102); try",
        Side.TRUNK,
    ),
    (
        Situation.UNREACHABLE,
        after(*AGENT_UP, LegFailed(C, WireFacts(cause=41), by())),
        "Nothing could be delivered to trunk carrier when the customer's phone 88889060 was called (Q.850 41); try",
        Side.TRUNK,
    ),
    (
        Situation.NO_ROUTE,
        after(LegRefused(C, 3, "no trunk has a prefix of 88889060")),
        "The customer's phone 88889060 could not be called: no trunk takes that number; tell the operator",
        Side.TRUNK,
    ),
    (
        Situation.NO_ADDRESS,
        after(Start(), LegRefused(A, 3, "trunk carrier: no such name", by(peer=None))),
        "The agent's phone 88889050 could not be called: the name of trunk carrier leads to no address;",
        Side.TRUNK,
    ),
    (
        Situation.TRUNKS_DOWN,
        after(LegRefused(A, 38, "all trunks for 88889050 are down: carrier")),
        "The agent's phone 88889050 could not be called: all trunks that lead there were down; try again in",
        Side.TRUNK,
    ),
    (
        Situation.LEFT_ALONE,
        after(*AGENT_UP, LegRefused(C, 42, "all trunks for 88889060 asked to be left alone: carrier")),
        "The customer's phone 88889060 could not be called: all trunks that lead there had asked to be",
        Side.CARRIER,
    ),
    (
        Situation.ONE_CHANNEL,
        after(LegRefused(C, 34, "trunk carrier has one channel (channels = 1)")),
        "The customer's phone 88889060 could not be called: both phones of the call would need the one channel of the",
        Side.TRUNK,
    ),
    (
        Situation.NOT_DIALLED,
        after(LegRefused(A, 47, "no room")),
        "The agent's phone 88889050 could not be called (Q.850 47); try again at once, and let the operator look",
        Side.SERVICE,
    ),
    (
        Situation.RANG_OUT,
        after(*AGENT_UP, LegRinging(C), RingTimeout(C)),
        "The customer's phone 88889060 rang for 1.0 s and nobody answered; try again later",
        Side.CUSTOMER,
    ),
    (
        Situation.PLAYED_OUT,
        after(*AGENT_UP, LegEarlyMedia(C), RingTimeout(C)),
        "The customer's phone 88889060 did not answer within 2.0 s; its network played something instead of ringing;",
        Side.CUSTOMER,
    ),
    (
        Situation.NEVER_RANG,
        after(Start(), RingTimeout(A)),
        "The agent's phone 88889050 neither rang nor answered within 1.0 s; try again in a few minutes.",
        Side.CARRIER,
    ),
    (
        Situation.GIVEN_UP,
        after(Start(), LegRinging(A), LegFailed(A, WireFacts(sip_status=480, cause=18))),
        "The agent's phone 88889050 rang for 1.0 s, then its network gave up because nobody answered (SIP 480, Q.850",
        Side.AGENT,
    ),
    (
        Situation.HUNG_UP_BY_REQUEST,
        after(*TALK, HangUpRequested()),
        "The call was ended by request after 1.0 s of talk; there is nothing to repeat.",
        Side.POLICY,
    ),
    (
        Situation.TALK_LIMIT,
        after(*TALK, TalkLimitReached()),
        "The call was ended after 1.0 s of talk: that is the longest allowed; try again at once.",
        Side.POLICY,
    ),
    (
        Situation.LOST,
        after(*AGENT_UP, EngineLost()),
        "The service stopped or failed and could not keep the call 1.0 s after the customer's phone 88889060 was",
        Side.SERVICE,
    ),
    (
        Situation.BRIDGE_FAILED,
        after(*TALK, BridgeFailed(65, "the agent answered 488")),
        "Agent 88889050 and customer 88889060 both answered, but their audio could not be connected (Q.850 65);",
        Side.SERVICE,
    ),
    (
        Situation.QUEUE_EXPIRED,
        replace(after(QueueExpired()), ended_at=T0 + 60 * SECOND),
        "The call waited 1 min 00 s without being dialled, which is longer than allowed; try again in a few minutes.",
        Side.TRUNK,
    ),
    (
        Situation.STOPPED,
        after(*TALK, ServiceStopped()),
        "The service was stopped by its operator, who did not wait any longer, after 1.0 s of talk; try again at once.",
        Side.SERVICE,
    ),
]


@pytest.mark.parametrize(
    ("situation", "call", "begins", "side"), SITUATIONS, ids=lambda each: getattr(each, "name", "")
)
def test_each_situation_has_its_sentence_and_side(
    situation: Situation, call: Call, begins: str, side: Side | None
) -> None:
    verdict = said(call)
    rule = situations.RULES[situation]

    assert verdict.sentence.en.startswith(begins)
    assert verdict.side is side
    assert verdict.advice is rule.advice
    assert verdict.certainty is (Certainty.CERTAIN if rule.doubt is None else rule.certainty)


def test_no_situation_is_left_out() -> None:
    assert {situation for situation, *_ in SITUATIONS} == set(Situation) == set(situations.RULES)


def test_every_reason_occurs_among_the_situations_or_the_refusals() -> None:
    told = {call.reason for _, call, _, _ in SITUATIONS} | {refused(486, 17).reason}

    assert told - {None} == set(Reason)


@pytest.mark.parametrize(
    ("call", "stage"),
    [
        (after(HangUpRequested()), "0.0 s after it was placed, before any phone was called"),
        (after(Start(), HangUpRequested()), "1.0 s after the agent's phone 88889050 was called, before it answered"),
        (
            after(*AGENT_UP, HangUpRequested()),
            "1.0 s after the customer's phone 88889060 was called, before it answered",
        ),
    ],
)
def test_how_far_the_call_had_come_is_said(call: Call, stage: str) -> None:
    assert said(call).sentence.en == f"The call was ended by request {stage}; there is nothing to repeat."


def test_an_engine_that_failed_says_so_like_one_that_was_lost() -> None:
    assert said(after(Start(), Faulted("a bug"))).side is Side.SERVICE


# ---------------------------------------------------------------------------- what the network said

HEADER_CAUSES = sorted(set(causes.RULES) - {0})


@pytest.mark.parametrize("cause", HEADER_CAUSES)
def test_each_q850_cause_in_a_reason_header_is_explained_by_its_row(cause: int) -> None:
    verdict = said(refused(500, cause, f'Q.850;cause={cause};text="whatever"'))
    rule = causes.RULES[cause]

    assert verdict.sentence.en.endswith(f"(SIP 500, Q.850 {cause}) 0.4 s after it was called; {rule.advice.says.en}.")
    assert "88889060" in verdict.sentence.en
    assert "88889060" in verdict.sentence.zh
    assert verdict.side is (rule.side or Side.CUSTOMER)
    assert verdict.certainty is (Certainty.CERTAIN if rule.doubt is None else rule.certainty)
    assert Q850_NAMES[cause] in verdict.because.en


def test_every_cause_of_q850_and_of_the_seed_page_has_its_row() -> None:
    seed = {
        0,
        *range(1, 10),
        *range(16, 24),
        *range(25, 32),
        34,
        *range(38, 45),
        46,
        47,
        49,
        50,
        53,
        55,
        57,
        58,
        62,
        63,
    }
    seed |= {65, 66, 69, 70, 79, *range(81, 89), 90, 91, *range(95, 104), 110, 111, 127}

    assert len(seed) == 70
    assert set(PAGE_TEXTS) == seed
    assert set(causes.RULES) == seed | {14, 24} == set(Q850_NAMES) | {0}


def test_the_seed_page_words_fifteen_causes_wrongly_and_the_evidence_says_so() -> None:
    wrong = {cause for cause, page in PAGE_TEXTS.items() if page.agreement is Agreement.WRONG}

    assert wrong == {18, 26, 29, 34, 38, 40, 50, 58, 69, 70, 79, 84, 86, 87, 96}
    for cause in wrong:
        (told,) = (each for each in said(refused(500, cause)).evidence if each.fact is Fact.CAUSE and each.leg is C)
        assert f'page says "{PAGE_TEXTS[cause].text}", which is something else' in told.says.en
        assert PAGE_TEXTS[cause].text in told.says.zh


def test_a_cause_without_a_row_counts_as_the_unspecified_one_of_its_class() -> None:
    for cause, row in ((15, 31), (32, 47), (59, 63), (71, 79), (89, 95), (104, 111), (120, 127)):
        assert causes.rule_of(cause) is causes.RULES[row]


@pytest.mark.parametrize("status", sorted(statuses.RULES))
def test_each_sip_status_with_a_row_is_explained_by_it(status: int) -> None:
    verdict = said(refused(status, 41))
    rule = statuses.RULES[status]

    assert f"(SIP {status}, Q.850 41) 0.4 s after it was called" in verdict.sentence.en
    assert verdict.side is (rule.side or Side.CUSTOMER)
    assert verdict.certainty is (Certainty.CERTAIN if rule.doubt is None else rule.certainty)


def test_a_status_without_a_row_is_explained_by_its_rfc_3398_cause_and_is_likely_at_best() -> None:
    verdict = said(refused(436, 31))

    assert verdict.sentence.en.startswith("The call to the customer's phone 88889060 ended in an ordinary way")
    assert verdict.certainty is Certainty.UNSURE
    assert verdict.because.en == (
        "the network gave no cause; Q.850 31 Normal, unspecified was concluded from SIP 436 (RFC 3398); "
        "the network did not say why"
    )
    assert said(refused(499, 17)).certainty is Certainty.LIKELY


def test_what_the_reason_header_says_counts_more_than_the_status() -> None:
    assert said(refused(503, 17, "Q.850;cause=17")).side is Side.CUSTOMER
    assert said(refused(503, 41)).side is Side.TRUNK


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ("Q.850;cause=17", 17),
        ('SIP;cause=486;text="Busy", Q.850 ; text="x";cause = 21', 21),
        ("q.850;cause=1;text=a", 1),
        ("SIP;cause=16", None),
        ("Q.850;cause=0", None),
        ("Q.850;cause=128, Q.850;cause=34", 34),
        ("Q.850;text=none", None),
        ("XQ.850;cause=16", None),
        (None, None),
    ],
)
def test_a_q850_cause_is_found_among_reason_headers(headers: str | None, cause: int | None) -> None:
    assert causes.said_in(headers) == cause


def test_a_phone_that_rang_and_whose_network_then_says_rejected_was_rejected() -> None:
    wire = WireFacts(sip_status=480, sip_reason="Q.850;cause=21", cause=21)
    call = after(*AGENT_UP, LegRinging(C), LegFailed(C, wire))

    assert call.reason is Reason.CUSTOMER_UNANSWERED
    assert said(call).sentence.en.startswith(
        "The customer's phone 88889060 rejected the call (SIP 480, Q.850 21) 2.0 s"
    )


def test_a_wrong_password_is_the_trunks_affair_and_no_rejection_by_the_phone() -> None:
    verdict = said(refused(407, 21))

    assert verdict.side is Side.TRUNK
    assert not verdict.advice.retry
    assert "did not accept our user name or password" in verdict.sentence.en


# ---------------------------------------------------------------------------- evidence


def test_every_attempt_is_part_of_the_evidence_and_of_the_sentence() -> None:
    first = by("carrier", ended_at=T0 + 200, sip_status=503, sip_reason="Q.850;cause=34", cause=34)
    second = by("spare", number=2, ended_at=T0 + 400, sip_status=486, cause=17)
    call = refused(486, 17)
    call = replace(call, customer=replace(call.customer, attempts=(first, second)))

    verdict = said(call)

    assert "0.4 s after it was called, in 2 tries (trunks carrier, spare); try again" in verdict.sentence.en
    tries = [each for each in verdict.evidence if each.fact is Fact.ATTEMPT]
    assert [each.value for each in tries] == [1, 2]
    assert tries[0].says.en == (
        "the customer's phone 88889060, try 1 by trunk carrier (udp:192.0.2.1:5060), SIP 503, Q.850 34, "
        "Reason: Q.850;cause=34, 0.2 s"
    )


def test_the_times_of_both_legs_are_evidence() -> None:
    facts = [(each.fact, each.leg) for each in said(after(*TALK, LegHungUp(C))).evidence]

    for expected in (Fact.DIALLED, Fact.RANG, Fact.ANSWERED, Fact.RELEASED):
        assert (expected, A) in facts
        assert (expected, C) in facts
    assert facts[0] == (Fact.PLACED, None)
    assert facts[-2:] == [(Fact.CONNECTED, None), (Fact.ENDED, None)]


def test_what_the_service_noted_is_evidence_as_it_was_noted() -> None:
    event = Event(1, 2, T0, EventType.CALL_ENDED, detail="all trunks for 88889060 {are} down: carrier")

    last = said(after(LegRefused(C, 38, "x")), events=(event,)).evidence[-1]

    assert (last.fact, last.says.en, last.says.zh) == (Fact.DETAIL, event.detail, event.detail)


def test_a_hostile_reason_header_is_quoted_and_never_taken_for_a_placeholder() -> None:
    call = refused(486, 17, "Q.850;cause=17;text={agent}{0}%s")

    assert any("text={agent}{0}%s" in each.says.en for each in said(call).evidence)


# ---------------------------------------------------------------------------- the words


def every_verdict() -> list[Verdict]:
    return [said(call) for _, call, _, _ in SITUATIONS] + [
        said(refused(500, cause, f"Q.850;cause={cause}")) for cause in HEADER_CAUSES
    ]


def test_each_sentence_is_whole_in_both_languages() -> None:
    for verdict in every_verdict():
        assert re.fullmatch(r"[A-Z][^{}]*[^.{} ]\.", verdict.sentence.en), verdict.sentence.en
        assert re.fullmatch(r"[^{}]*。", verdict.sentence.zh), verdict.sentence.zh
        assert re.search(r"[\u4e00-\u9fff]", verdict.sentence.zh)
        assert "  " not in verdict.sentence.en
        assert verdict.because.en
        assert verdict.because.zh


def test_a_retry_has_a_time_and_no_retry_has_none() -> None:
    for verdict in every_verdict():
        assert verdict.advice.retry is (verdict.advice.after_ms is not None)


def test_chinese_marks_stand_close_to_a_number_before_them() -> None:
    verdict = said(refused(486, 17))

    told = [verdict.sentence.told(Language.ZH), *(each.says.told(Language.ZH) for each in verdict.evidence)]

    assert "客户电话 88889060：SIP 状态码 486" in told
    assert not [each for each in told if re.search(" [，。；：、（）]| $", each)]


@pytest.mark.parametrize(
    ("ms", "en", "zh"),
    [
        (-5, "0.0 s", "0.0 秒"),
        (400, "0.4 s", "0.4 秒"),
        (59_999, "60.0 s", "60.0 秒"),
        (125_000, "2 min 05 s", "2 分 05 秒"),
        (3_720_000, "1 h 02 min", "1 小时 02 分"),
    ],
)
def test_lengths_are_said_as_people_say_them(ms: int, en: str, zh: str) -> None:
    assert [length(ms).told(language) for language in Language] == [en, zh]


def test_every_refusal_has_a_row_of_its_own() -> None:
    assert refusals.RULES.keys() == set(Refusal)
    told = [(rule.says.en, rule.says.zh) for rule in refusals.RULES.values()]
    assert len(set(told)) == len(told)
    assert all(rule.advice.retry is (rule.advice.after_ms is not None) for rule in refusals.RULES.values())


def test_a_verdict_never_fails_whatever_is_missing_of_a_call() -> None:
    """Old rows, restored backups: an ended call with any reason and no fact of its legs is still told."""
    for reason in Reason:
        for cause in (0, 3, 16, 17, 38, 42, 102, 127):
            bare = replace(a_call(), phase=Phase.ENDED, reason=reason, cause=cause, ended_at=T0)
            leg = Leg(C, "88889060", "640003", cause=cause, ended_by=EndedBy.NETWORK)
            assert said(replace(bare, customer=leg)).sentence.en.endswith(".")
            assert said(bare).sentence.zh.endswith("。")


def test_the_page_shows_the_tables(pytestconfig: pytest.Config) -> None:
    page = Path(pytestconfig.rootpath, "docs", "explain.md").read_text(encoding="utf-8")

    assert page == explain_page(), "a table changed: run `make explain`"


def test_one_way_audio_is_evidence_in_both_languages() -> None:
    silent = Event(1, 2, T0 + 5, EventType.LEG_SILENT, leg=Role.CUSTOMER)

    last = said(after(*TALK), events=(silent,)).evidence[-1]

    assert (last.fact, last.leg, last.at) == (Fact.SILENT, Role.CUSTOMER, T0 + 5)
    assert last.says.en == "no audio came from the customer's phone 88889060, though it should have been heard"
    assert "88889060" in last.says.zh
