"""Session timers: RFC 4028, both refreshers, both roles, seen from the other end."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, CONTACT, OFFER, Bench, call_in, reply
from sip.test_user_agent_login import FRESH, WHO, is_proven
from twoleg.sip.events import Answered, Failed, HungUp, LegId
from twoleg.sip.message import Request
from twoleg.sip.timers import Timers

UPDATES = "Allow: INVITE, ACK, BYE, UPDATE"
WE_REFRESH = "Session-Expires: 1800;refresher=uac"
THEY_REFRESH = "Session-Expires: 1800;refresher=uas"


def answered(bench: Bench, *lines: str, login: bool = False) -> tuple[LegId, str, Request]:
    """A call of ours whose 200 has these lines; the leg, our tag, the INVITE."""
    leg = bench.dial(credentials=WHO if login else None)
    invite = bench.request()
    bench.hear(reply(invite, "200 OK", CONTACT, *lines, body=ANSWER))
    bench.sent(), bench.events()
    return leg, invite.from_.tag or "", invite


def ask(method: str, invite: Request, *lines: str, cseq: int = 1, body: str = "") -> bytes:
    """A request of the phone that we called."""
    return call_in(method, *lines, branch=f"z9hG4bKt{cseq}", cseq=cseq, call_id=invite.call_id, body=body).replace(
        b"To: <sip:88889050@192.0.2.10>", f"To: <sip:us@x>;tag={invite.from_.tag}".encode()
    )


def test_a_call_of_ours_asks_for_a_session_interval() -> None:
    bench = Bench()

    bench.dial()

    invite = bench.request()
    assert invite.headers.get("Session-Expires") == "1800"
    assert invite.options("Supported") == ["100rel", "timer"]
    assert invite.headers.get("Min-SE") is None


def test_no_interval_is_asked_for_when_that_is_wished() -> None:
    bench = Bench(timers=Timers(session_expires=0))

    bench.dial()

    assert bench.request().headers.get("Session-Expires") is None


def test_the_shortest_interval_that_we_agree_to_is_asked_for_and_insisted_on() -> None:
    bench = Bench(timers=Timers(session_expires=600, min_se=300))
    leg = bench.dial()
    invite = bench.request()
    assert (invite.headers.get("Session-Expires"), invite.headers.get("Min-SE")) == ("600", "300")
    bench.hear(reply(invite, "200 OK", CONTACT, UPDATES, WE_REFRESH.replace("1800", "400"), body=ANSWER))
    bench.sent(), bench.events()

    bench.hear(ask("UPDATE", invite, "Supported: timer", "Session-Expires: 200"))

    answer = bench.response()
    assert (answer.status, answer.headers.get("Min-SE")) == (422, "300")
    bench.run(200)
    update = bench.request()
    assert (update.headers.get("Session-Expires"), update.headers.get("Min-SE")) == ("400;refresher=uac", "300")
    assert bench.ua.is_unheard(leg) is False


def test_the_called_side_insists_on_its_shortest_interval() -> None:
    timers = Timers(session_expires=0, min_se=300)
    bench = Bench(timers=timers)
    bench.hear(call_in("INVITE", "Supported: timer", "Session-Expires: 299", body=OFFER))

    assert bench.response().headers.get("Min-SE") == "300"
    answer = ring_with(Bench(timers=timers), "Supported: timer", "Session-Expires: 300")
    assert answer.headers.get("Session-Expires") == "300;refresher=uac"


def test_an_update_refreshes_the_session_at_half_time() -> None:
    bench = Bench()
    answered(bench, UPDATES, WE_REFRESH)

    bench.run(899)
    assert bench.sent() == []
    bench.run(1)

    update = bench.request()
    assert (update.method, update.body) == ("UPDATE", b"")
    assert update.headers.get("Session-Expires") == WE_REFRESH.partition(" ")[2]
    assert update.headers.get("Contact") == "<sip:twoleg@192.0.2.10:5060>"


def test_a_refreshed_session_goes_on_without_a_word_to_the_owner() -> None:
    bench = Bench()
    answered(bench, UPDATES, WE_REFRESH)
    for _ in range(3):
        bench.run(900)
        bench.hear(reply(bench.request(), "200 OK", CONTACT, UPDATES, WE_REFRESH))

    assert bench.told() == []


def test_who_knows_no_update_is_refreshed_by_the_same_offer_again() -> None:
    bench = Bench()
    answered(bench, "Allow: INVITE, ACK, BYE", WE_REFRESH)
    bench.run(900)

    invite = bench.request()
    assert (invite.method, invite.body) == ("INVITE", OFFER.encode())
    assert invite.headers.get("Session-Expires") == "1800;refresher=uac"
    bench.hear(reply(invite, "200 OK", CONTACT, WE_REFRESH, body=ANSWER))

    assert bench.lines() == ["ACK"]
    assert bench.told() == []
    bench.run(900)
    assert bench.lines() == ["INVITE"]


def test_who_refuses_update_is_refreshed_by_a_reinvite() -> None:
    bench = Bench()
    answered(bench, UPDATES, WE_REFRESH)
    bench.run(900)

    bench.hear(reply(bench.request(), "405 Method Not Allowed"))

    assert bench.lines() == ["INVITE"]


@pytest.mark.parametrize("refusal", ["488 Not Acceptable Here", "500 Server Internal Error", "491 Request Pending"])
def test_a_session_that_cannot_be_refreshed_ends_before_it_expires(refusal: str) -> None:
    bench = Bench()
    leg, _, _ = answered(bench, UPDATES, WE_REFRESH)
    attempts = 0
    while (due := bench.ua.next_deadline()) is not None and due < 128 + 1768:
        bench.run(due - bench.now)
        for request in bench.requests():
            if request.method != "ACK":
                attempts += 1
                bench.hear(reply(request, refusal))

    bench.run(128 + 1768 - bench.now)

    assert attempts >= 5
    hung_up = bench.event(HungUp)
    assert (hung_up.leg, hung_up.method) == (leg, "408")
    bye = bench.requests()[-1]
    assert bye.method == "BYE"
    assert [reason.cause for reason in bye.reasons] == [102]


def test_a_session_that_they_do_not_refresh_is_ended_with_a_reason() -> None:
    bench = Bench()
    leg, _, _ = answered(bench, THEY_REFRESH)

    bench.run(1767)
    assert (bench.sent(), bench.told()) == ([], [])
    bench.run(1)

    assert bench.event(HungUp).leg == leg
    bye = bench.request()
    assert (bye.method, bye.headers.get("Reason")) == ("BYE", 'Q.850;cause=102;text="session timer expired"')
    bench.hear(reply(bye, "200 OK"))
    assert bench.told() == ["Released"]


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_refresh_of_theirs_keeps_the_session(method: str) -> None:
    bench = Bench()
    leg, _, invite = answered(bench, THEY_REFRESH)
    for round_ in range(1, 4):
        bench.run(900)
        body = OFFER if method == "INVITE" else ""
        bench.hear(
            ask(method, invite, "Supported: timer", "Session-Expires: 1800;refresher=uac", cseq=round_, body=body)
        )
        if method == "INVITE":
            bench.told()
            bench.ua.answer_reinvite(leg, status=200, body=ANSWER.encode(), now=bench.now)
        answer = bench.response()
        assert (answer.status, answer.headers.get("Session-Expires")) == (200, "1800;refresher=uac")
        assert answer.options("Require") == ["timer"]
        if method == "INVITE":
            bench.hear(ask("ACK", invite, cseq=round_))
            bench.told()

    assert (bench.sent(), bench.told()) == ([], [])
    bench.run(1768)
    assert bench.told() == ["HungUp"]


def test_an_answer_without_an_interval_never_expires() -> None:
    bench = Bench()
    answered(bench)

    bench.run(20_000)

    assert (bench.sent(), bench.told()) == ([], [])


def test_a_422_is_met_with_the_interval_that_it_asks_for() -> None:
    bench = Bench()
    bench.dial()
    bench.hear(reply(bench.request(), "422 Session Interval Too Small", "Min-SE: 3600"))

    invite = bench.requests()[-1]

    assert (invite.method, invite.cseq.number) == ("INVITE", 2)
    assert (invite.headers.get("Session-Expires"), invite.headers.get("Min-SE")) == ("3600", "3600")
    bench.hear(reply(invite, "200 OK", CONTACT, "Session-Expires: 3600;refresher=uac", body=ANSWER))
    bench.event(Answered)
    bench.sent()
    bench.run(1800)
    refresh = bench.request()
    assert (refresh.headers.get("Session-Expires"), refresh.headers.get("Min-SE")) == ("3600;refresher=uac", "3600")


@pytest.mark.parametrize("header", ["Min-SE: 1800", "Min-SE: 90", "Min-SE: soon", "X-Nothing: 1"])
def test_a_422_that_asks_for_nothing_more_ends_the_leg(header: str) -> None:
    bench = Bench()
    bench.dial()

    bench.hear(reply(bench.request(), "422 Session Interval Too Small", header))

    assert bench.lines() == ["ACK"]
    failed, _ = bench.events()
    assert isinstance(failed, Failed)
    assert failed.status == 422


def test_a_422_after_the_other_is_not_met_for_ever() -> None:
    bench = Bench()
    bench.dial()
    sent = 0
    while isinstance(request := bench.sent()[-1], Request) and request.method == "INVITE":
        sent += 1
        bench.hear(reply(request, "422 Session Interval Too Small", f"Min-SE: {2000 + sent}"))

    assert sent == 4
    assert bench.told() == ["Failed", "Released"]


@pytest.mark.parametrize(("updates", "method"), [(UPDATES, "UPDATE"), ("Allow: INVITE", "INVITE")])
def test_a_422_to_a_refresh_is_met(updates: str, method: str) -> None:
    bench = Bench()
    answered(bench, updates, WE_REFRESH)
    bench.run(900)

    bench.hear(reply(bench.request(), "422 Session Interval Too Small", "Min-SE: 2400"))

    request = bench.requests()[-1]
    assert (request.method, request.headers.get("Session-Expires")) == (method, "2400;refresher=uac")


def test_a_challenged_refresh_is_sent_again_with_credentials() -> None:
    bench = Bench()
    answered(bench, UPDATES, WE_REFRESH, login=True)
    bench.run(900)

    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))

    update = bench.request()
    assert update.method == "UPDATE"
    assert is_proven(update)


@pytest.mark.parametrize(("status", "method"), [("481 Gone", "481"), ("408 Request Timeout", "408"), ("", "408")])
def test_a_refresh_that_finds_no_dialog_ends_the_leg(status: str, method: str) -> None:
    bench = Bench()
    answered(bench, UPDATES, WE_REFRESH)
    bench.run(900)
    update = bench.request()

    if status:
        bench.hear(reply(update, status))
    else:
        bench.run(32)

    (hung_up, *_) = bench.events()
    assert isinstance(hung_up, HungUp)
    assert hung_up.method == method


def test_an_answer_to_a_refresh_after_the_end_is_nothing() -> None:
    bench = Bench()
    leg, _, _ = answered(bench, UPDATES, WE_REFRESH)
    bench.run(900)
    update = bench.request()
    bench.ua.release(leg, now=bench.now)

    bench.hear(reply(update, "481 Gone"))

    assert bench.told() == []


def ring_with(bench: Bench, *lines: str) -> Request:
    """Somebody calls us with these lines and is answered; the 200, as a request would be, is looked at by its text."""
    leg = bench.ring_in(*lines)
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    return bench.response()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("asked", "agreed", "required"),
    [
        (("Supported: timer", "Session-Expires: 1200"), "1200;refresher=uac", ["timer"]),
        (("Supported: timer", "x: 1200;refresher=uas"), "1200;refresher=uas", ["timer"]),
        (("Supported: timer", "Session-Expires: 3600"), "1800;refresher=uac", ["timer"]),
        (("Supported: timer", "Session-Expires: 3600", "Min-SE: 2000"), "2000;refresher=uac", ["timer"]),
        (("Session-Expires: 1200",), "1200;refresher=uas", []),
        (("Supported: timer",), None, []),
        (("Supported: timer", "Session-Expires: often"), None, []),
    ],
)
def test_a_caller_of_ours_gets_an_interval(asked: tuple[str, ...], agreed: str | None, required: list[str]) -> None:
    answer = ring_with(Bench(), *asked)

    assert answer.headers.get("Session-Expires") == agreed
    assert answer.options("Require") == required


def test_an_interval_that_is_too_short_is_422() -> None:
    bench = Bench()
    bench.hear(call_in("INVITE", "Supported: timer", "Session-Expires: 60", body=OFFER))

    answer = bench.response()

    assert (answer.status, answer.headers.get("Min-SE")) == (422, "90")


def test_the_called_side_refreshes_too() -> None:
    bench = Bench()
    leg = bench.ring_in("Supported: timer", UPDATES, "Session-Expires: 100;refresher=uas")
    bench.ua.accept(leg, body=ANSWER.encode(), now=bench.now)
    tag = bench.response().to.tag or ""
    bench.hear(call_in("ACK", branch="z9hG4bKack1", to_tag=tag))

    bench.run(50)

    update = bench.request()
    assert (update.method, update.headers.get("Session-Expires")) == ("UPDATE", "100;refresher=uac")


def test_a_change_of_ours_refreshes_the_session() -> None:
    bench = Bench()
    leg, _, _ = answered(bench, UPDATES, WE_REFRESH)
    bench.run(800)
    bench.ua.reinvite(leg, body=OFFER.encode(), now=bench.now)
    bench.hear(reply(bench.request(), "200 OK", CONTACT, WE_REFRESH, body=ANSWER))
    bench.sent(), bench.told()

    bench.run(899)

    assert bench.sent() == []


def test_an_agent_that_speaks_with_itself_stays_in_touch_for_hours() -> None:
    """Both ends are ours: one refreshes, neither expires."""
    from sip.network import Habits, Network, Party  # noqa: PLC0415 - only here

    network = Network()
    caller, callee = Party(network, 5060), Party(network, 5070, habits=Habits())
    caller.call(callee)

    network.run(3 * 3600)

    assert not [event for event in caller.told + callee.told if isinstance(event, HungUp)]
    assert len(caller.ua._core.legs) == len(callee.ua._core.legs) == 1
