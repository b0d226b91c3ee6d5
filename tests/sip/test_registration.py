"""A binding at a registrar: RFC 3261 10.2, seen from the registrar."""

from __future__ import annotations

import pytest

from sip.bench import PEER, Bench, reply
from twoleg.sip import digest
from twoleg.sip.credentials import Credentials
from twoleg.sip.events import NotRegistered, Registered
from twoleg.sip.headers import NameAddr
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer
from twoleg.sip.registration import Registration, Wanted
from twoleg.sip.registration_fsm import REGISTRATION, RegistrationAction

OURS = "Contact: <sip:twoleg@192.0.2.10:5060>;expires={}"
CHALLENGE = 'WWW-Authenticate: Digest realm="carrier", nonce="{}", algorithm=MD5, qop="auth"'
SECOND = Peer("udp", "192.0.2.21", 5060)


def wanted(*, expires: int = 3600, peers: tuple[Peer, ...] = (PEER,), password: str | None = "secret") -> Wanted:
    who = None if password is None else Credentials("640003", password)
    return Wanted("sip:carrier.example", peers, NameAddr("", "sip:640003@carrier.example"), who, expires)


def registering(what: Wanted | None = None) -> Bench:
    bench = Bench()
    bench.ua.register(what or wanted(), token="carrier", now=bench.now)
    return bench


def registered(expires: int = 3600) -> tuple[Bench, Request]:
    bench = registering()
    request = bench.request()
    bench.hear(reply(request, "200 OK", OURS.format(expires)))
    assert bench.event(Registered) == Registered("carrier", expires)
    return bench, request


def test_a_register_names_registrar_address_binding_and_time() -> None:
    request = registering().request()
    assert (request.method, request.uri) == ("REGISTER", "sip:carrier.example")
    assert request.to.uri == request.from_.uri == "sip:640003@carrier.example"
    assert request.to.tag is None
    assert request.headers.get("Contact") == "<sip:twoleg@192.0.2.10:5060>"
    assert request.headers.get("Expires") == "3600"


@pytest.mark.parametrize(("granted", "refresh"), [(3600, 3560.0), (100, 60.0), (60, 30.0), (2, 1.0)])
def test_a_binding_is_refreshed_before_it_expires(granted: int, refresh: float) -> None:
    bench, first = registered(granted)
    assert bench.ua.next_deadline() is not None
    bench.run(refresh - 0.01)
    assert bench.sent() == []
    bench.run(0.02)
    again = bench.request()
    assert (again.method, again.cseq.number, again.call_id) == ("REGISTER", 2, first.call_id)
    assert again.headers.get("Expires") == "3600"
    bench.hear(reply(again, "200 OK", OURS.format(granted)))
    assert bench.told() == ["Registered"]


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (("Contact: <sip:other@192.0.2.99>;expires=9, <sip:twoleg@192.0.2.10:5060>;expires=120",), 120),
        (("Contact: <sip:twoleg@192.0.2.10:5060>", "Expires: 90"), 90),
        (("Expires: 70",), 70),
        ((), 3600),
        ((OURS.format(0),), 1),
    ],
)
def test_the_registrar_decides_how_long_it_holds(lines: tuple[str, ...], seconds: int) -> None:
    bench = registering()
    bench.hear(reply(bench.request(), "200 OK", *lines))
    assert bench.event(Registered).expires == seconds


def test_a_challenge_is_answered_and_later_registers_are_proven_unasked() -> None:
    bench = registering()
    first = bench.request()
    bench.hear(reply(first, "401 Unauthorized", CHALLENGE.format("n1")))
    second = bench.request()
    value = second.headers.get("Authorization")
    assert value is not None
    proof = digest.parse_credentials(value)
    assert digest.check(proof, method="REGISTER", password="secret", body=b"")
    assert (second.cseq.number, second.call_id, second.from_.tag) == (2, first.call_id, first.from_.tag)
    bench.hear(reply(second, "200 OK", OURS.format(60)))
    assert bench.told() == ["Registered"]
    bench.run(30)
    assert "nc=00000002" in (bench.request().headers.get("Authorization") or "")


def test_a_stale_nonce_at_the_refresh_costs_no_more_than_a_round() -> None:
    bench = registering()
    bench.hear(reply(bench.request(), "401 Unauthorized", CHALLENGE.format("n1")))
    bench.hear(reply(bench.request(), "200 OK", OURS.format(60)))
    bench.run(30)
    bench.hear(reply(bench.request(), "401 Unauthorized", CHALLENGE.format("n2") + ", stale=true"))
    bench.hear(reply(bench.request(), "200 OK", OURS.format(60)))
    assert bench.told() == ["Registered", "Registered"]


def test_a_wrong_password_is_refused_once_and_tried_again_later() -> None:
    bench = registering()
    bench.hear(reply(bench.request(), "401 Unauthorized", CHALLENGE.format("n1")))
    bench.hear(reply(bench.request(), "401 Unauthorized", CHALLENGE.format("n2")))
    told = bench.event(NotRegistered)
    assert (told.status, bench.sent()) == (401, [])
    assert told.retry_in is not None
    assert 2.0 <= told.retry_in <= 4.0


def test_a_time_that_is_too_brief_is_lengthened_at_once_and_stays_so() -> None:
    bench = registering(wanted(expires=60))
    bench.hear(reply(bench.request(), "423 Interval Too Brief", "Min-Expires: 1800"))
    second = bench.request()
    assert second.headers.get("Expires") == "1800"
    bench.hear(reply(second, "200 OK", OURS.format(1800)))
    bench.run(1760)
    assert bench.request().headers.get("Expires") == "1800"


@pytest.mark.parametrize("lines", [(), ("Min-Expires: 60",), ("Min-Expires: soon",), ("Min-Expires: 999999999",)])
def test_a_423_that_helps_nobody_is_a_refusal(lines: tuple[str, ...]) -> None:
    bench = registering(wanted(expires=60))
    bench.hear(reply(bench.request(), "423 Interval Too Brief", *lines))
    assert bench.event(NotRegistered).status == 423


def test_the_pauses_between_tries_grow_to_five_minutes() -> None:
    bench = registering()
    pauses = []
    for _ in range(10):
        bench.hear(reply(bench.request(), "403 Forbidden"))
        told = bench.event(NotRegistered)
        assert told.retry_in is not None
        pauses.append(told.retry_in)
        bench.run(told.retry_in + 0.001)
    bounds = [(2, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 128), (128, 256), (150, 300), (150, 300), (150, 300)]
    assert all(low <= pause <= high for pause, (low, high) in zip(pauses, bounds, strict=True)), pauses
    bench.hear(reply(bench.request(), "200 OK", OURS.format(60)))
    assert bench.told() == ["Registered"]
    bench.run(30)
    bench.hear(reply(bench.request(), "403 Forbidden"))
    again = bench.event(NotRegistered).retry_in
    assert again is not None
    assert again <= 4


def test_a_registrar_that_asks_for_a_pause_gets_it() -> None:
    bench = registering()
    bench.hear(reply(bench.request(), "503 Service Unavailable", "Retry-After: 90"))
    assert bench.event(NotRegistered).retry_in == 90


def test_a_silent_registrar_is_told_and_its_next_address_tried() -> None:
    bench = registering(wanted(peers=(PEER, SECOND)))
    bench.run(32.1)
    assert bench.event(NotRegistered).status is None
    bench.sent()
    bench.run(4)
    assert {transmit.peer for transmit in bench.ua.take_output()} == {SECOND}


def test_an_unreachable_registrar_is_told_at_once() -> None:
    bench = registering()
    bench.sent()
    bench.ua.transport_failed(PEER, bench.now)
    assert bench.event(NotRegistered).phrase == "it cannot be reached"


def test_a_refresh_without_an_answer_loses_the_registration_before_it_expires() -> None:
    bench, _ = registered(3600)
    bench.run(3560 + 32.1)
    assert bench.told() == ["NotRegistered"]


def test_unregistering_asks_for_no_time_and_is_told_when_done() -> None:
    bench, _ = registered()
    bench.ua.unregister("carrier", now=bench.now)
    last = bench.request()
    assert (last.headers.get("Expires"), last.headers.get("Contact")) == ("0", "<sip:twoleg@192.0.2.10:5060>")
    bench.hear(reply(last, "200 OK"))
    assert bench.event(NotRegistered).retry_in is None
    bench.run(4000)
    assert (bench.sent(), bench.events(), bench.ua.next_deadline()) == ([], [], None)


def test_unregistering_answers_a_challenge() -> None:
    bench, _ = registered()
    bench.ua.unregister("carrier", now=bench.now)
    bench.hear(reply(bench.request(), "401 Unauthorized", CHALLENGE.format("n9")))
    last = bench.request()
    assert last.headers.get("Expires") == "0"
    assert last.headers.get("Authorization") is not None


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "423 Interval Too Brief"])
def test_unregistering_waits_for_the_register_that_is_under_way(status: str) -> None:
    bench = registering(wanted(expires=60))
    bench.ua.unregister("carrier", now=bench.now)
    first = bench.request()
    bench.hear(reply(first, status, CHALLENGE.format("n"), "Min-Expires: 90"))
    assert bench.request().headers.get("Expires") == "0"


def test_unregistering_while_not_registered_sends_nothing() -> None:
    bench = registering()
    bench.hear(reply(bench.request(), "403 Forbidden"))
    bench.events()
    bench.ua.unregister("carrier", now=bench.now)
    bench.ua.unregister("carrier", now=bench.now)
    assert (bench.sent(), bench.told()) == ([], ["NotRegistered"])
    bench.run(400)
    assert bench.sent() == []


def test_a_token_names_one_registration() -> None:
    bench = registering()
    with pytest.raises(ValueError, match="under way"):
        bench.ua.register(wanted(), token="carrier", now=bench.now)


def test_every_action_of_a_registration_can_be_carried_out() -> None:
    used = {step.do for row in REGISTRATION.values() for step in row.values()}
    assert used == set(Registration._PERFORM) == set(RegistrationAction)
