"""`GET /v1/calls/{serial}/explain`: the verdict as a document, in the language that the client reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.world import NOW
from twoleg.api.native.explain import preferred
from twoleg.domain.call import Attempt, EndedBy, Leg, Phase, Role
from twoleg.domain.explain.words import Language
from twoleg.domain.reasons import Reason

if TYPE_CHECKING:
    from api.world import Client, World

BUSY: dict[str, Any] = {
    "phase": Phase.ENDED,
    "started_at": NOW,
    "ended_at": NOW + 1_400,
    "reason": Reason.CUSTOMER_FAILED,
    "cause": 17,
    "customer": Leg(
        Role.CUSTOMER,
        "88889060",
        clip="640003",
        dialled_at=NOW + 1_000,
        released_at=NOW + 1_400,
        sip_status=486,
        cause=17,
        ended_by=EndedBy.NETWORK,
        attempts=(
            Attempt(1, "carrier", "udp:192.0.2.1:5060", "88889060", "640003", NOW + 1_000, NOW + 1_200, 503, None, 41),
            Attempt(2, "spare", "udp:192.0.2.2:5060", "88889060", "640003", NOW + 1_200, NOW + 1_400, 486, None, 17),
        ),
    ),
}
SENTENCE = (
    "The customer's phone 88889060 was busy (SIP 486, Q.850 17) 0.4 s after it was called, "
    "in 2 tries (trunks carrier, spare); try again in a few minutes."
)


def test_the_verdict_is_told_with_side_retry_certainty_and_evidence(world: World, client: Client) -> None:
    call = world.call(**BUSY)

    answer = client.get(f"/v1/calls/{call.serial}/explain")

    assert answer.status == 200
    told = answer.json
    evidence = told.pop("evidence")
    assert told == {
        "serial": str(call.serial),
        "language": "en",
        "sentence": SENTENCE,
        "side": "customer",
        "reason": 3,
        "cause": 17,
        "retry": {"sensible": True, "afterMs": 300_000, "rule": "try again in a few minutes"},
        "certainty": {"level": "certain", "because": "the network answered SIP 486"},
    }
    assert {"fact": "placed", "text": "the call was placed", "at": NOW} in evidence
    assert [each["value"] for each in evidence if each["fact"] == "attempt"] == [1, 2]
    assert {"fact": "sip_status", "leg": "customer", "value": 486} in [
        {name: value for name, value in each.items() if name != "text"} for each in evidence
    ]


def test_a_living_call_is_told_what_it_is_doing_and_is_on_nobodys_side(world: World, client: Client) -> None:
    agent = Leg(Role.AGENT, "88889050", clip="640060", dialled_at=NOW, ringing_at=NOW)
    call = world.call(phase=Phase.CALLING_AGENT, started_at=NOW, agent=agent)
    world.clock.advance(3.2)

    told = client.get(f"/v1/calls/{call.serial}/explain").json

    assert told["sentence"].startswith("The agent's phone 88889050 has been ringing for 3.2 s; do not place it again")
    assert not {"side", "reason", "cause"} & told.keys()
    assert told["retry"]["sensible"] is False
    assert "afterMs" not in told["retry"]


@pytest.mark.parametrize(
    ("query", "headers", "language"),
    [
        ("", {}, "en"),
        ("?lang=zh", {}, "zh"),
        ("?lang=en", {"Accept-Language": "zh"}, "en"),
        ("", {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh"),
        ("", {"Accept-Language": "fr"}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for(
    world: World, client: Client, query: str, headers: dict[str, str], language: str
) -> None:
    answer = client.get(f"/v1/calls/{world.call(**BUSY).serial}/explain{query}", headers)

    assert answer.json["language"] == answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept-Language"
    assert ("占线" in answer.json["sentence"]) is (language == "zh")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en;q=0.2, zh;q=0.9", Language.ZH),
        ("zh;q=0.2, en;q=0.9", Language.EN),
        ("zh, en", Language.ZH),
        ("*", Language.EN),
        ("fr, *;q=0.5, zh;q=0.4", Language.EN),
        ("zh;q=0", Language.EN),
        ("ZH-hant-TW", Language.ZH),
        ("zh;q=x", Language.EN),
        (",,;q=1,", Language.EN),
        ("zhx", Language.EN),
        ("zh;q=nan", Language.EN),
    ],
)
def test_accept_language_is_read_by_its_weights(header: str, language: Language) -> None:
    assert preferred([(b"accept-language", header.encode())]) is language


def test_several_accept_language_headers_count_as_one_list() -> None:
    assert preferred([(b"accept-language", b"fr"), (b"accept-language", b"zh")]) is Language.ZH


@pytest.mark.parametrize("lang", ["fr", "", "zh-CN", "EN"])
def test_a_language_that_is_not_spoken_here_is_a_bad_member(world: World, client: Client, lang: str) -> None:
    answer = client.get(f"/v1/calls/{world.call().serial}/explain?lang={lang}")

    assert answer.status == 400
    assert (answer.json["type"], answer.json["member"]) == ("/problems/bad-member", "lang")


def test_another_tenants_call_is_explained_to_nobody(world: World, client: Client) -> None:
    theirs = world.call("tenant-2", **BUSY)

    of_another = client.get(f"/v1/calls/{theirs.serial}/explain")
    of_nobody = client.get("/v1/calls/1/explain")

    assert of_another.status == of_nobody.status == 404
    assert {**of_another.json, "instance": ""} == {**of_nobody.json, "instance": ""}


def test_without_credentials_nothing_is_explained(world: World, client: Client) -> None:
    path = f"/v1/calls/{world.call(**BUSY).serial}/explain"

    assert client.get(path, {"Authorization": "Bearer x"}).status == 401
