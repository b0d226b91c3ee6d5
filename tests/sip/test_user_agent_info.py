"""Our INFO (RFC 6086), and the Session-ID that names a call on all its legs (RFC 7989)."""

from __future__ import annotations

import pytest

from sip.bench import ANSWER, CALLED, CALLER, CONTACT, OFFER, PEER, Bench, call_in, reply
from sip.test_user_agent_login import FRESH, WHO, is_proven
from twoleg.sip.message import Request

DIGIT = b"Signal=5\r\nDuration=160\r\n"
RELAY = "application/dtmf-relay"
OURS, THEIRS, NOBODY = "a" * 32, "b" * 32, "0" * 32


def test_an_info_goes_out_in_the_dialog() -> None:
    bench = Bench()
    leg, invite = bench.talk_out()

    bench.ua.info(leg, content_type=RELAY, body=DIGIT, now=bench.now)

    info = bench.request()
    assert (info.method, info.uri, info.cseq.number) == ("INFO", "sip:peer@192.0.2.20:5060", 2)
    assert (info.content_type, info.body, info.call_id) == (RELAY, DIGIT, invite.call_id)


@pytest.mark.parametrize("status", ["200 OK", "415 Unsupported Media Type", "481 Gone", "501 Not Implemented", ""])
def test_nothing_hangs_on_the_fate_of_an_info(status: str) -> None:
    bench = Bench()
    leg, _ = bench.talk_out()
    bench.ua.info(leg, content_type=RELAY, body=DIGIT, now=bench.now)
    info = bench.request()

    if status:
        bench.hear(reply(info, status))
    else:
        bench.run(64)

    assert bench.told() == []


def test_a_challenged_info_is_sent_again_with_credentials() -> None:
    bench = Bench()
    leg, _ = bench.talk_out(credentials=WHO)
    bench.ua.info(leg, content_type=RELAY, body=DIGIT, now=bench.now)

    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))

    assert is_proven(bench.request())


def test_an_info_for_a_leg_that_does_not_talk_is_dropped() -> None:
    bench = Bench()
    leg = bench.dial()
    bench.sent()

    bench.ua.info(leg, content_type=RELAY, body=DIGIT, now=bench.now)
    bench.ua.info(99, content_type=RELAY, body=DIGIT, now=bench.now)

    assert (bench.sent(), bench.told()) == ([], [])


def named_call(bench: Bench) -> Request:
    bench.ua.invite(
        target="sip:88889060@carrier.example",
        peer=PEER,
        from_=CALLER,
        to=CALLED,
        body=OFFER.encode(),
        session_id=OURS,
        now=bench.now,
    )
    return bench.request()


def test_a_call_bears_its_name_and_later_the_others() -> None:
    bench = Bench()
    invite = named_call(bench)
    assert invite.headers.get("Session-ID") == f"{OURS};remote={NOBODY}"

    bench.hear(reply(invite, "200 OK", CONTACT, f"Session-ID: {THEIRS};remote={OURS}", body=ANSWER))
    ack = bench.request()
    bench.hear(
        call_in("INFO", branch="z9hG4bKi", call_id=invite.call_id).replace(
            b"To: <sip:88889050@192.0.2.10>", f"To: <sip:us@x>;tag={invite.from_.tag}".encode()
        )
    )
    answer = bench.response()
    bench.ua.release(1, now=bench.now)

    assert answer.status == 200
    for message in (ack, answer, bench.request()):
        assert message.headers.get_all("Session-ID") == [f"{OURS};remote={THEIRS}"]


@pytest.mark.parametrize("theirs", ["x" * 32, "b" * 31, "", "b" * 33, "*"])
def test_a_name_that_is_none_counts_as_unknown(theirs: str) -> None:
    bench = Bench()
    invite = named_call(bench)

    bench.hear(reply(invite, "200 OK", CONTACT, f"Session-ID: {theirs}", body=ANSWER))

    assert bench.request().headers.get("Session-ID") == f"{OURS};remote={NOBODY}"


def test_a_cancel_and_the_ack_of_a_refusal_bear_the_name_too() -> None:
    bench = Bench()
    invite = named_call(bench)
    bench.hear(reply(invite, "180 Ringing"))
    bench.ua.release(1, now=bench.now)
    cancel = bench.request()
    bench.hear(reply(invite, "487 Request Terminated"))

    for message in (cancel, bench.request()):
        assert message.headers.get("Session-ID") == f"{OURS};remote={NOBODY}"
