"""One delivery to real receivers: sound, down, slow, lying, redirecting, guarded; and what each is sent."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from patience import wall_clock_ms
from twoleg.application.cloud_event import encoded
from twoleg.domain.events import EventType
from twoleg.domain.values import replace
from twoleg.domain.webhooks import Auth, OAuth2, SigningSecret
from webhooks.parcels import OLD_SECRET, SECRET, SECRETS, carrier, native, parcel, poster, subject, vendors
from webhooks.receiver import TAKEN, Received, Receiver, Reply
from webhooks.verifier import is_signed_by

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from twoleg.domain.delivery import Outcome
    from twoleg.domain.webhooks import Credentials

pytestmark = pytest.mark.asyncio

KEY = "a shared key of ours"


@asynccontextmanager
async def carrying(seconds: float = 5.0, **rules: Any) -> AsyncIterator[Callable[..., Any]]:
    through = poster(**rules)
    carry = carrier(through, seconds=seconds).carry
    try:
        yield carry
    finally:
        await through.close()


async def deliver(url: str, *, seconds: float = 5.0, **rules: Any) -> Outcome:
    async with carrying(seconds, **rules) as carry:
        outcome: Outcome = await carry(native(url), SECRETS, parcel(url), subject())
        return outcome


async def call_back(url: str, *, own: bool = True, credentials: Credentials = SECRETS) -> Outcome:
    async with carrying() as carry:
        outcome: Outcome = await carry(vendors(), credentials, parcel(url), subject(url if own else None))
        return outcome


def answering(**reply: Any) -> Callable[[Received], Reply]:
    return lambda _: Reply(**reply)


# ---------------------------------------------------------------------------- what a receiver is sent


async def test_a_receiver_is_sent_the_event_signed_so_that_the_library_verifies_it() -> None:
    with Receiver() as receiver:
        outcome = await deliver(receiver.url + "?key=1")
    (got,) = receiver.received

    assert (outcome.accepted, outcome.status, outcome.said) == (True, 200, "200")
    assert (got.method, got.path, got.body) == ("POST", "/hook?key=1", encoded(parcel("").recorded))
    assert got.headers["Content-Type"] == "application/cloudevents+json"
    assert got.headers["webhook-id"] == got.json["id"] == "1037058396471308289-7"
    assert abs(int(got.headers["webhook-timestamp"]) * 1000 - got.at) < 5000
    assert Webhook(SECRET).verify(got.body, dict(got.headers)) == got.json
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_SECRET).verify(got.body, dict(got.headers))


async def test_while_a_secret_is_rotated_both_verify() -> None:
    now = wall_clock_ms()
    both = replace(SECRETS, signing=(SigningSecret(SECRET), SigningSecret(OLD_SECRET, until=now + 60_000)))
    over = replace(SECRETS, signing=(SigningSecret(SECRET), SigningSecret(OLD_SECRET, until=now)))
    with Receiver() as receiver:
        async with carrying() as carry:
            for credentials in (both, over):
                await carry(native(receiver.url), credentials, parcel(receiver.url), subject())
    first, second = receiver.received

    for secret in (SECRET, OLD_SECRET):
        assert Webhook(secret).verify(first.body, dict(first.headers))
    assert Webhook(SECRET).verify(second.body, dict(second.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_SECRET).verify(second.body, dict(second.headers))


async def test_the_vendors_callbacks_are_json_with_the_same_headers_and_no_signature_of_their_own() -> None:
    with Receiver() as receiver:
        assert (await call_back(receiver.url)).accepted
        async with carrying() as carry:
            connect = parcel(receiver.url, type_=EventType.CALL_TALKING, seq=6)
            assert (await carry(vendors(), SECRETS, connect, subject())).accepted
    release, connected = receiver.received

    assert release.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (release.json["callSerialNo"], len(release.json)) == ("1037058396471308289", 18)
    assert set(connected.json) == {"callSerialNo", "serviceNo", "called", "callData"}
    assert "signature" not in release.json
    assert [each.headers["webhook-id"][-2:] for each in receiver.received] == ["-7", "-6"]
    for each in receiver.received:
        assert Webhook(SECRET).verify(each.body, dict(each.headers))


async def test_with_a_shared_key_only_the_calls_own_url_is_signed_for() -> None:
    signing = replace(SECRETS, auth=Auth.SHARED_KEY, shared_key=KEY)
    with Receiver() as receiver:
        await call_back(receiver.url, credentials=signing)
        await call_back(receiver.url, own=False, credentials=signing)
        await call_back(receiver.url, credentials=signing)
    own, default, again = receiver.received

    assert is_signed_by(KEY, own.body)
    assert is_signed_by(KEY, again.body)
    assert own.json["nonce"] != again.json["nonce"]
    assert abs(int(own.json["timestamp"]) - own.at) < 5000
    assert "signature" not in default.json


# ---------------------------------------------------------------------------- tokens


class TokenService:
    """A receiver that is its own token service: tokens t1, t2 ... of which some are revoked."""

    def __init__(self, **token: Any) -> None:
        self.token = token
        self.issued = 0
        self.revoked: set[str] = set()

    def __call__(self, received: Received) -> Reply:
        if received.path == "/token":
            self.issued += 1
            answer = {"access_token": f"t{self.issued}", "token_type": "Bearer", "expires_in": 3600} | self.token
            return Reply(body=str(answer).replace("'", '"').encode())
        given = received.headers.get("Authorization", "")
        valid = given.startswith("Bearer t") and given.removeprefix("Bearer ") not in self.revoked
        return Reply() if valid else Reply(401, b"")


def with_tokens(receiver: Receiver) -> Credentials:
    service = OAuth2(
        token_url=f"http://127.0.0.1:{receiver.port}/token", client_id="a b", client_secret="s:ü", scope="hooks"
    )
    return replace(SECRETS, auth=Auth.OAUTH2, oauth2=service)


async def test_a_token_is_fetched_once_and_used_while_it_lives() -> None:
    service = TokenService()
    with Receiver(service) as receiver:
        async with carrying() as carry:
            for _ in range(3):
                outcome = await carry(vendors(), with_tokens(receiver), parcel(receiver.url), subject(receiver.url))
                assert outcome.accepted
    asked, *calls = receiver.received

    assert [each.headers["Authorization"] for each in calls] == ["Bearer t1"] * 3
    assert asked.form == {"grant_type": ["client_credentials"], "scope": ["hooks"]}
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.headers["Authorization"] == "Basic YSUyMGI6cyUzQSVDMyVCQw=="  # a%20b:s%3A%C3%BC


async def test_a_token_that_is_refused_is_replaced_at_once() -> None:
    service = TokenService()
    with Receiver(service) as receiver:
        async with carrying() as carry:
            for revoked in ({"t1"}, set()):
                service.revoked = set(revoked)
                sent = parcel(receiver.url)
                assert (await carry(vendors(), with_tokens(receiver), sent, subject(receiver.url))).accepted

    hooks = [each.headers["Authorization"] for each in receiver.received if each.path == "/hook"]
    assert (hooks, service.issued) == (["Bearer t1", "Bearer t2", "Bearer t2"], 2)


async def test_a_receiver_that_refuses_every_token_is_asked_twice_and_not_for_ever() -> None:
    service = TokenService()
    service.revoked = {f"t{number}" for number in range(99)}
    with Receiver(service) as receiver:
        outcome = await call_back(receiver.url, credentials=with_tokens(receiver))

    assert (outcome.accepted, outcome.status, service.issued) == (False, 401, 2)


async def test_a_short_token_is_renewed_before_it_dies() -> None:
    service = TokenService(expires_in=0)
    with Receiver(service) as receiver:
        async with carrying() as carry:
            for _ in range(2):
                await carry(vendors(), with_tokens(receiver), parcel(receiver.url), subject(receiver.url))

    assert service.issued == 2


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(500, b""), "its token service answered 500"),
        (Reply(200, b"not JSON"), "its token service gave no access_token"),
        (Reply(200, b'{"access_token": 5}'), "its token service gave no access_token"),
        (Reply(200, b'{"access_token": "a\\r\\nb"}'), "its token service gave an access_token that is no token"),
    ],
)
async def test_a_token_service_in_trouble_is_told_so(reply: Reply, said: str) -> None:
    with Receiver(lambda _: reply) as receiver:
        outcome = await call_back(receiver.url, credentials=with_tokens(receiver))

    assert (outcome.accepted, outcome.said, outcome.status) == (False, said, None)


async def test_the_default_url_gets_no_token() -> None:
    with Receiver() as receiver:
        assert (await call_back(receiver.url, own=False, credentials=with_tokens(receiver))).accepted

    assert ["Authorization" in each.headers for each in receiver.received] == [False]


# ---------------------------------------------------------------------------- how receivers answer


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_success_is_enough_for_an_event(status: int) -> None:
    with Receiver(answering(status=status, body=b"")) as receiver:
        assert (await deliver(receiver.url)).accepted


@pytest.mark.parametrize("status", [300, 400, 401, 404, 422, 500, 502])
async def test_anything_else_is_refused_and_said(status: int) -> None:
    with Receiver(answering(status=status, body=b"no\x00 way")) as receiver:
        outcome = await deliver(receiver.url)

    assert (outcome.accepted, outcome.status, outcome.gone, outcome.retry_after) == (False, status, False, None)
    assert outcome.said.startswith(f"{status}: ")


async def test_gone_is_heard() -> None:
    with Receiver(answering(status=410)) as receiver:
        assert (await deliver(receiver.url)).gone


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, "7", 7.0), (503, "120", 120.0), (503, "Thu, 01 Jan 1970 00:00:00 GMT", 0.0), (503, "soon", None)],
)
async def test_a_receiver_may_ask_for_time(status: int, header: str, seconds: float | None) -> None:
    with Receiver(answering(status=status, headers={"Retry-After": header})) as receiver:
        assert (await deliver(receiver.url)).retry_after == seconds


async def test_retry_after_means_nothing_with_other_statuses() -> None:
    with Receiver(answering(status=500, headers={"Retry-After": "7"})) as receiver:
        assert (await deliver(receiver.url)).retry_after is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    with Receiver() as other, Receiver() as receiver:
        receiver.answer = answering(status=status, headers={"Location": other.url})
        outcome = await deliver(receiver.url)

    assert (outcome.accepted, outcome.said) == (False, f"{status}: redirects are not followed")
    assert (len(receiver.received), other.received) == (1, [])


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b'{"retCode":"1","retMsg":"not today"}'),
        Reply(200, b"OK"),
        Reply(200, b""),
        Reply(201, TAKEN),
        Reply(500, TAKEN),
        Reply(200, TAKEN + b" " * 20_000),
        Reply(200, b'{"retCode":"0",', endless=True),
        Reply(200, cut=True),
        Reply(raw=b'{"retCode":"0","retMsg":"success"}'),
        Reply(raw=b"\x16\x03\x01\x02\x00\x01\x00"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + TAKEN),
    ],
)
async def test_a_callback_is_taken_only_by_ret_code_zero(reply: Reply) -> None:
    with Receiver(lambda _: reply) as receiver:
        assert not (await call_back(receiver.url)).accepted


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    with Receiver(answering(body=b"", endless=True)) as receiver:
        outcome = await deliver(receiver.url)

    assert outcome.accepted
    assert outcome.took_ms < 5000


async def test_a_body_that_never_comes_does_not_hold_up_an_event() -> None:
    with Receiver(answering(hold=True)) as receiver:
        outcome = await deliver(receiver.url, seconds=0.2)

    assert outcome.accepted
    assert 150 < outcome.took_ms < 5000


async def test_a_receiver_that_says_nothing_is_given_up_in_time() -> None:
    with Receiver(answering(silent=True)) as receiver:
        outcome = await deliver(receiver.url, seconds=0.2)

    assert (outcome.accepted, outcome.status, outcome.said) == (False, None, "no answer within 0.2 s")
    assert 150 < outcome.took_ms < 5000


async def test_a_receiver_that_breaks_off_is_told_so() -> None:
    with Receiver(answering(broken=True)) as receiver:
        outcome = await deliver(receiver.url)

    assert (outcome.accepted, outcome.status) == (False, None)
    assert outcome.said.endswith("no connection, or it broke")


async def test_a_receiver_that_is_down_is_told_so() -> None:
    with Receiver() as receiver:
        url = receiver.url

    assert (await deliver(url)).said == "it refused the connection"


# ---------------------------------------------------------------------------- addresses and TLS


async def test_a_private_address_is_not_connected_to() -> None:
    with Receiver() as receiver:
        outcome = await deliver(receiver.url, allowed=())

    assert (outcome.accepted, outcome.status, receiver.received) == (False, None, [])
    assert outcome.said == "its address may not be connected to: not a public one, and not allowed"


@pytest.mark.parametrize("host", ["localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0"])
async def test_no_spelling_of_a_private_address_gets_through(host: str) -> None:
    with Receiver() as receiver:
        outcome = await deliver(f"http://{host}:{receiver.port}/", allowed=())

    assert (outcome.accepted, receiver.received) == (False, [])


async def test_what_was_checked_is_what_is_connected_to() -> None:
    """A name that tells a public address first and a private one next (DNS rebinding) gains nothing."""
    answers = [["203.0.113.7"], ["127.0.0.1"]]
    asked: list[str] = []

    async def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    with Receiver() as receiver:
        url = f"http://hooks.example:{receiver.port}/hook"
        async with carrying(lookup=lookup, allowed=["127.0.0.0/8"]) as carry:
            first = await carry(native(url), SECRETS, parcel(url), subject())
            second = await carry(native(url), SECRETS, parcel(url), subject())

    assert (first.accepted, second.accepted, asked) == (False, True, ["hooks.example"] * 2)
    assert receiver.received[0].headers["Host"] == f"hooks.example:{receiver.port}"


async def test_of_several_addresses_only_those_allowed_are_tried_and_each_of_them() -> None:
    async def lookup(_: str) -> Sequence[str]:
        return ["10.0.0.1", "127.0.0.2", "127.0.0.1"]

    with Receiver() as receiver:
        assert (await deliver(f"http://a.example:{receiver.port}/", lookup=lookup)).accepted


async def test_a_name_that_nobody_knows_is_told_so() -> None:
    async def lookup(_: str) -> Sequence[str]:
        raise OSError("Name or service not known")

    assert not (await deliver("http://nowhere.example/", lookup=lookup)).accepted


async def test_tls_is_spoken_with_the_name_in_the_url_and_its_certificate_is_checked() -> None:
    authority = trustme.CA()
    server, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("hooks.example").configure_cert(server)
    authority.configure_trust(trusting)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)

    async def lookup(_: str) -> Sequence[str]:
        return ["127.0.0.1"]

    with Receiver(tls=server) as receiver:
        right, wrong = (f"https://{name}:{receiver.port}/" for name in ("hooks.example", "other.example"))
        accepted = await deliver(right, tls=trusting, lookup=lookup)
        refused = await deliver(wrong, tls=trusting, lookup=lookup)
        unknown = await deliver(right, lookup=lookup)

    assert (accepted.accepted, names[0]) == (True, "hooks.example")
    assert [each.said.partition(":")[0] for each in (refused, unknown)] == ["its certificate is not trusted"] * 2
    assert len(receiver.received) == 1
