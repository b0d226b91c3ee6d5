"""`GET /v1/calls/{serial}/ladder`: five formats, by name or by what the client accepts, and why there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from api.world import DAY_MS, NOW
from ladder.capture_file import packets
from ladder.drawn import messages
from twoleg.api.native.ladder import preferred
from twoleg.application.ladder.formats import MEDIA_TYPES, Format
from twoleg.application.ladder.values import Capture
from twoleg.domain.call import Leg, Phase, Role
from twoleg.domain.reasons import Reason

if TYPE_CHECKING:
    from api.world import Client, World
    from twoleg.domain.call import Call

FAILED: dict[str, Any] = {
    "phase": Phase.ENDED,
    "started_at": NOW,
    "ended_at": NOW + 2000,
    "reason": Reason.CUSTOMER_FAILED,
    "cause": 17,
    "agent": Leg(Role.AGENT, "88889050", clip="640060", dialled_at=NOW + 10),
}
GOOD = FAILED | {"reason": Reason.CUSTOMER_HUNG_UP, "cause": 16, "talking_at": NOW + 1000}


def kept(world: World, **facts: Any) -> Call:
    """A failed call whose messages were kept."""
    call = world.call(**FAILED | facts)
    world.ladders.put([Capture(serial=call.serial, tenant_id=call.tenant_id, ended_at=NOW + 2000, messages=messages())])
    return call


def path_of(call: Call, rest: str = "") -> str:
    return f"/v1/calls/{call.serial}/ladder{rest}"


def test_json_is_told_when_nothing_else_is_asked_for(world: World, client: Client) -> None:
    answer = client.get(path_of(kept(world)))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["vary"] == "Accept"
    assert answer.json["capture"]["status"] == "kept"
    assert [each["label"] for each in answer.json["entries"]][:3] == ["call placed", "1 call.queued", "INVITE (SDP)"]


@pytest.mark.parametrize("wanted", list(Format))
def test_each_format_by_its_name_and_by_its_media_type(world: World, client: Client, wanted: Format) -> None:
    call = kept(world)
    by_name = client.get(path_of(call, f"?format={wanted.value}"))
    by_type = client.get(path_of(call), headers={"Accept": MEDIA_TYPES[wanted]})
    assert by_name.status == by_type.status == 200
    assert by_name.body == by_type.body
    assert by_name.headers["content-type"].partition(";")[0] == MEDIA_TYPES[wanted].partition(";")[0]


def test_a_picture_is_one_and_may_do_nothing_else(world: World, client: Client) -> None:
    answer = client.get(path_of(kept(world), "?format=svg"))
    assert ElementTree.fromstring(answer.body).tag.endswith("svg")
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_capture_file_is_for_downloading(world: World, client: Client) -> None:
    call = kept(world)
    answer = client.get(path_of(call, "?format=pcap"))
    assert len(packets(answer.body)) == len(messages())
    assert answer.headers["content-disposition"] == f'attachment; filename="{call.serial}.pcap"'


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("text/html, */*;q=0.8", Format.JSON),
        ("image/*", Format.SVG),
        ("text/*;q=0.9, image/svg+xml;q=0.8", Format.TEXT),
        ("text/plain;q=0.1, image/svg+xml;q=0.8", Format.SVG),
        ("text/plain; charset=utf-8", Format.TEXT),
        ("image/svg+xml;q=0", Format.JSON),
        ("image/svg+xml;q=much", Format.JSON),
        ("application/vnd.tcpdump.pcap", Format.PCAP),
    ],
)
def test_what_accept_prefers(accept: str, wanted: Format) -> None:
    assert preferred([(b"accept", accept.encode())]) is wanted


@pytest.mark.parametrize(
    ("facts", "age", "status"),
    [
        (FAILED, 0, "not_found"),
        (FAILED, 8 * DAY_MS, "expired"),
        (GOOD, 0, "sampled_out"),
        (FAILED | {"agent": Leg(Role.AGENT, "88889050", clip="640060")}, 0, "nothing_sent"),
        ({"phase": Phase.CALLING_AGENT, "started_at": NOW}, 0, "in_progress"),
    ],
)
def test_without_messages_it_says_why_and_shows_the_steps(
    world: World, client: Client, facts: dict[str, Any], age: int, status: str
) -> None:
    call = world.call(**facts)
    token = client.token
    world.clock.advance(age / 1000)
    client.with_token(client.ask_for_token().json["AccessToken"] if age else token)
    answer = client.get(path_of(call))
    assert answer.status == 200
    assert answer.json["capture"]["status"] == status
    assert answer.json["capture"]["messages"] == 0
    assert [each["kind"] for each in answer.json["entries"]] == ["api", "step"]


def test_a_capture_that_was_dropped_says_so(world: World, client: Client) -> None:
    call = world.call(**FAILED)
    world.ladders.put([Capture(serial=call.serial, tenant_id="tenant-1", ended_at=NOW, is_dropped=True)])
    assert client.get(path_of(call)).json["capture"]["status"] == "dropped_for_room"


def test_another_tenants_call_is_not_there(world: World, client: Client) -> None:
    call = kept(world)
    other = world.client("tenant-2")
    assert client.get(path_of(call)).status == 200
    theirs, nobodys = other.get(path_of(call)), other.get("/v1/calls/1/ladder")
    assert theirs.status == nobodys.status == 404
    assert {**theirs.json, "instance": ""} == {**nobodys.json, "instance": ""}


@pytest.mark.parametrize("serial", ["0", "x", "99999999999999999999", "-1", "%20"])
def test_what_is_no_serial_is_not_there(client: Client, serial: str) -> None:
    assert client.get(f"/v1/calls/{serial}/ladder").status == 404


@pytest.mark.parametrize(
    ("query", "member"), [("?format=gif", "format"), ("?format=", "format"), ("?formt=svg", "formt")]
)
def test_a_wrong_parameter_is_told(world: World, client: Client, query: str, member: str) -> None:
    answer = client.get(path_of(kept(world), query))
    assert answer.status == 400
    assert answer.json["type"] == "/problems/bad-member"
    assert answer.json["member"] == member
