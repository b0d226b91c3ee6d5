"""Challenges: RFC 3261 22, seen from the challenger."""

from __future__ import annotations

import pytest

from sip.bench import CONTACT, OFFER, Bench, reply
from twoleg.sip import digest
from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Failed, Released
from twoleg.sip.message import Request

WHO = Credentials("twoleg", "secret")
FRESH = 'Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"'
PROXY = "407 Proxy Authentication Required"


def proof(request: Request, header: str = "Authorization") -> digest.Credentials:
    value = request.headers.get(header)
    assert value is not None
    return digest.parse_credentials(value)


def is_proven(request: Request, header: str = "Authorization") -> bool:
    return digest.check(proof(request, header), method=request.method, password="secret", body=request.body)


@pytest.mark.parametrize(
    ("status", "challenge", "answer"),
    [
        ("401 Unauthorized", "WWW-Authenticate", "Authorization"),
        (PROXY, "Proxy-Authenticate", "Proxy-Authorization"),
    ],
)
def test_a_challenged_invite_is_sent_again_with_credentials(status: str, challenge: str, answer: str) -> None:
    bench = Bench()
    leg = bench.dial(credentials=WHO)
    first = bench.request()

    bench.hear(reply(first, status, f"{challenge}: {FRESH}"))

    ack, second = bench.requests()
    assert (ack.method, ack.cseq.number) == ("ACK", 1)
    assert (second.method, second.cseq.number, second.body) == ("INVITE", 2, OFFER.encode())
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.via.branch != first.via.branch
    assert is_proven(second, answer)
    assert bench.events() == []
    bench.hear(reply(second, "200 OK", CONTACT))
    assert bench.request().cseq.number == 2
    assert bench.told() == ["Answered"]
    assert leg == 1


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
@pytest.mark.parametrize("qop", ['qop="auth"', 'qop="auth-int"', 'opaque="o"'])
def test_every_algorithm_and_protection_is_answered(algorithm: str, qop: str) -> None:
    bench = Bench()
    bench.dial(credentials=WHO)

    bench.hear(
        reply(
            bench.request(),
            "401 Unauthorized",
            f'WWW-Authenticate: Digest realm="r", nonce="n", algorithm={algorithm}, {qop}',
        )
    )

    assert is_proven(bench.requests()[1])


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO"])
def test_every_request_of_a_call_proves_its_own_body_where_auth_int_is_asked_for(algorithm: str, method: str) -> None:
    bench = Bench()
    leg, _ = bench.talk_out(credentials=WHO)
    asked = f'WWW-Authenticate: Digest realm="r", nonce="n", algorithm={algorithm}, qop="auth-int"'
    match method:
        case "BYE":
            bench.ua.release(leg, now=bench.now)
        case "INVITE":
            bench.ua.reinvite(leg, body=OFFER.encode(), now=bench.now)
        case _:
            bench.ua.info(leg, content_type="application/dtmf-relay", body=b"Signal=5", now=bench.now)

    first = bench.request()
    bench.hear(reply(first, "401 Unauthorized", asked))

    second = bench.requests()[-1]
    assert (second.method, second.body, proof(second).qop) == (method, first.body, "auth-int")
    assert is_proven(second)
    altered = digest.check(proof(second), method=method, password="secret", body=second.body + b"x")
    assert not altered


def test_the_first_algorithm_that_we_know_is_taken_per_realm() -> None:
    bench = Bench()
    bench.dial(credentials=WHO)
    challenges = [
        'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=FUTURE-1',
        'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"',
        'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5, qop="auth"',
    ]

    bench.hear(reply(bench.request(), "401 Unauthorized", *challenges))

    invite = bench.requests()[1]
    assert proof(invite).algorithm == "SHA-256"
    assert len(invite.headers.get_all("Authorization")) == 1


def test_wrong_credentials_fail_the_leg() -> None:
    bench = Bench()
    leg = bench.dial(credentials=WHO)
    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))
    _, second = bench.requests()

    bench.hear(reply(second, "401 Unauthorized", f"WWW-Authenticate: {FRESH.replace('n1', 'n2')}"))

    assert bench.lines() == ["ACK"]
    failed, released = bench.events()
    assert isinstance(failed, Failed)
    assert isinstance(released, Released)
    assert (failed.leg, failed.status) == (leg, 401)


def test_a_stale_nonce_is_answered_once_more() -> None:
    bench = Bench()
    bench.dial(credentials=WHO)
    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))
    _, second = bench.requests()

    bench.hear(reply(second, "401 Unauthorized", f"WWW-Authenticate: {FRESH.replace('n1', 'n2')}, stale=true"))

    _, third = bench.requests()
    assert (proof(third).nonce, proof(third).nonce_count) == ("n2", "00000001")


def test_stale_nonces_without_end_fail_the_leg() -> None:
    bench = Bench()
    bench.dial(credentials=WHO)
    attempts = 0
    for n in range(20):
        invites = [request for request in bench.requests() if request.method == "INVITE"]
        attempts += len(invites)
        for invite in invites:
            bench.hear(
                reply(invite, "401 Unauthorized", f"WWW-Authenticate: {FRESH.replace('n1', f'm{n}')}, stale=true")
            )

    assert attempts == 5
    assert bench.told() == ["Failed", "Released"]


def test_a_proxy_and_the_peer_may_both_challenge() -> None:
    bench = Bench()
    bench.dial(credentials=WHO)
    bench.hear(reply(bench.request(), PROXY, f"Proxy-Authenticate: {FRESH}"))
    _, second = bench.requests()

    bench.hear(reply(second, "401 Unauthorized", 'WWW-Authenticate: Digest realm="pbx", nonce="p1", qop="auth"'))

    _, third = bench.requests()
    assert is_proven(third)
    assert is_proven(third, "Proxy-Authorization")
    assert proof(third, "Proxy-Authorization").nonce_count == "00000002"


def test_without_credentials_a_challenge_is_a_refusal() -> None:
    bench = Bench()
    bench.dial()

    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))

    assert (bench.lines(), bench.told()) == (["ACK"], ["Failed", "Released"])


@pytest.mark.parametrize("challenge", ["WWW-Authenticate: Basic realm=x", "X-None: 1", "Proxy-Authenticate: " + FRESH])
def test_a_challenge_that_cannot_be_answered_is_a_refusal(challenge: str) -> None:
    bench = Bench()
    bench.dial(credentials=WHO)

    bench.hear(reply(bench.request(), "401 Unauthorized", challenge))

    assert bench.told() == ["Failed", "Released"]


def test_the_ack_and_later_requests_carry_credentials_unasked() -> None:
    bench = Bench()
    leg = bench.dial(credentials=WHO)
    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))
    _, invite = bench.requests()
    bench.hear(reply(invite, "200 OK", CONTACT))
    ack = bench.request()
    bench.ua.reinvite(leg, body=b"x", now=bench.now)
    reinvite = bench.request()
    bench.ua.release(leg, now=bench.now)
    bye = bench.request()

    assert ack.headers.get("Authorization") == invite.headers.get("Authorization")
    assert all(is_proven(request) for request in (reinvite, bye))
    assert [proof(request).nonce_count for request in (invite, reinvite, bye)] == ["00000001", "00000002", "00000003"]


def test_a_challenged_bye_is_sent_again() -> None:
    bench = Bench()
    leg, _ = bench.talk_out(credentials=WHO)
    bench.ua.release(leg, now=bench.now)
    first = bench.request()

    bench.hear(reply(first, PROXY, f"Proxy-Authenticate: {FRESH}"))
    second = bench.request()
    assert (second.method, second.cseq.number) == ("BYE", first.cseq.number + 1)
    assert is_proven(second, "Proxy-Authorization")
    assert bench.events() == []
    bench.hear(reply(second, "200 OK"))

    assert bench.event(Released) == Released(leg, 200, [])


def test_a_bye_is_answered_again_when_its_old_nonce_has_expired() -> None:
    bench = Bench()
    leg = bench.dial(credentials=WHO)
    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))
    bench.hear(reply(bench.requests()[1], "200 OK", CONTACT))
    bench.ua.release(leg, now=bench.now)
    _, bye = bench.requests()

    bench.hear(reply(bye, "401 Unauthorized", f"WWW-Authenticate: {FRESH.replace('n1', 'n2')}"))

    assert proof(bench.request()).nonce == "n2"


def test_a_bye_with_wrong_credentials_ends_the_leg() -> None:
    bench = Bench()
    leg, _ = bench.talk_out(credentials=WHO)
    bench.ua.release(leg, now=bench.now)
    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))

    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH.replace('n1', 'n2')}"))

    assert bench.event(Released).status == 401


def test_a_challenged_reinvite_is_sent_again() -> None:
    bench = Bench()
    leg, _ = bench.talk_out(credentials=WHO)
    bench.ua.reinvite(leg, body=b"x", now=bench.now)
    bench.hear(reply(bench.request(), "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))

    ack, second = bench.requests()
    assert (ack.method, second.method, second.body) == ("ACK", "INVITE", b"x")
    assert is_proven(second)
    bench.hear(reply(second, "200 OK", CONTACT))
    assert bench.request().headers.get("Authorization") == second.headers.get("Authorization")
    assert bench.told() == ["ReinviteAnswered"]


def test_a_challenge_after_the_release_is_the_end() -> None:
    bench = Bench()
    leg = bench.dial(credentials=WHO)
    invite = bench.request()
    bench.ua.release(leg, now=bench.now)

    bench.hear(reply(invite, "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))

    assert bench.lines() == ["ACK"]
    assert bench.event(Released).status == 401


def test_a_release_after_the_challenge_waits_for_a_provisional_of_the_new_invite() -> None:
    bench = Bench()
    leg = bench.dial(credentials=WHO)
    first = bench.request()
    bench.hear(reply(first, "100 Trying"))
    bench.hear(reply(first, "401 Unauthorized", f"WWW-Authenticate: {FRESH}"))
    _, second = bench.requests()
    bench.ua.release(leg, now=bench.now)
    assert bench.sent() == []

    bench.hear(reply(second, "180 Ringing"))

    cancel = bench.request()
    assert (cancel.method, cancel.via.branch, cancel.cseq.number) == ("CANCEL", second.via.branch, 2)
