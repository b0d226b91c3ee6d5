"""Every place of every endpoint where an id can be given, filled with another tenant's: as if it did not exist.

The places are those of the OpenAPI document, so a new endpoint, parameter or member is tried by itself, or makes the
first test here fail until it is said what it names.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from api.asgi_client import exchange
from api.test_native_webhooks import created, with_deliveries
from api.test_recordings import address_of, recorded
from api.world import DAY_MS, NOW
from twoleg.api.openapi import make_document
from twoleg.api.operations import all_operations, all_samples

if TYPE_CHECKING:
    from api.asgi_client import Response
    from api.world import Client, World

DOCUMENT = json.loads(make_document(all_operations(), all_samples()))

NAMES_SOMETHING = {
    "serial": "serial",
    "serials": "serial",
    "callSerialNo": "serial",
    "callID": "serial",
    "file": "file",
    "id": "endpoint",
    "after": "event",
    "Last-Event-ID": "event",
    "before": "delivery",
    "Idempotency-Key": "key",
    "idempotencyKey": "asked key",
    "app_key": "app",
    "X-APP-Key": "app",
    "appKey": "app",
}
"""Parameters and members by name -> what they name."""

NAMES_NOTHING = frozenset(
    """
    X-Token-Expire app_secret Recording caller called callData callerPresent agentPresent agentWorkNo callBackUrl
    softPhone startTime endTime offset limit taskType dryRun callbackUrl recording media state from to reason
    wait lang format e k s url events connectUrl releaseUrl auth remark finishTime callDuration callerAnswerTime
    calledAnswerTime releaseCause telA telX telB calledDisplay
    """.split()  # noqa: SIM905 - forty quoted words are no better to read
)
"""Names that are no ids of anything: numbers, times, choices, and the signature of a recording's address."""

LISTS = frozenset({"serials"})
SERIALS = re.compile(rb"\b\d{18,19}\b")


@dataclass(frozen=True)
class Slot:
    """A place where something can be named."""

    method: str
    path: str
    where: str
    """path, query, header or body."""
    name: str

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.where}:{self.name}"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def members(operation: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of each member of the body."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"]["$ref"].rpartition("/")[2]
        properties: dict[str, Any] = DOCUMENT["components"]["schemas"][name]["properties"]
        return properties
    return {}


def slots() -> Iterator[Slot]:
    for method, path, operation in operations():
        for parameter in operation.get("parameters", ()):
            yield Slot(method, path, parameter["in"], parameter["name"])
        for name in members(operation):
            yield Slot(method, path, "body", name)


@dataclass
class Belongings:
    """What a tenant has, by what names it; and what nobody has, of the same shape and length."""

    client: Client
    named: dict[str, str]
    query: dict[str, str]
    """Of the address of its recording."""
    fresh: Iterator[int] = field(default_factory=lambda: count(50_000_000))

    def nobodys(self, kind: str) -> str:
        """One character, of an event or a delivery one of its serial's, makes it nobody's."""
        own = self.named[kind]
        if kind == "file":
            return f"{_other(own.removesuffix('.wav'))}.wav"
        if kind == "page":
            return _cursor(NOW, int(_other(self.named["serial"])))
        if kind in ("event", "event of the call", "delivery"):
            serial, _, rest = own.partition("-")
            return f"{_other(serial)}-{rest}"
        return _other(own)


def kind_of(slot: Slot) -> str:
    """What the slot names. Each key has been spent for one path only: asking spends it for us."""
    kind = NAMES_SOMETHING[slot.name]
    if kind == "key":
        return f"key {slot.path}"
    if kind == "event" and slot.path.endswith("/{serial}/events"):
        return "event of the call"
    return "page" if (slot.name, slot.path) == ("after", "/v1/calls") else kind


def _cursor(created_at: int, serial: int) -> str:
    """Of `GET /v1/calls`."""
    return urlsafe_b64encode(f"{created_at}.{serial}".encode()).rstrip(b"=").decode()


def _other(name: str) -> str:
    """Not the very last character: the serials of this world are neighbours."""
    return name[:-2] + ("5" if name[-2] != "5" else "6") + name[-1]


def settled(world: World, tenant_id: str) -> Belongings:
    """A tenant with a call that has a recording, events, webhooks with deliveries, and a spent key."""
    client = world.client(tenant_id)
    serial = recorded(world, tenant_id)
    endpoint = created(client)["id"]
    keys = {
        f"key {slot.path}": f"order-{tenant_id}-{slot.path}.1" for slot in slots() if slot.name == "Idempotency-Key"
    } | {"asked key": f"order-{tenant_id}-asked.1"}
    placed = [
        client.place({"Idempotency-Key": key}, called=str(10_000_000 + number)).json["result"]["callSerialNo"]
        for number, key in enumerate(keys.values())
    ]
    query = dict(parse_qsl(urlsplit(address_of(client, serial)).query))
    named = {
        "serial": str(serial),
        "file": f"{serial}.wav",
        "endpoint": endpoint,
        "event": f"{placed[0]}-1",
        "event of the call": f"{serial}-1",
        "delivery": f"{serial}-1-{NOW}",
        "page": _cursor(NOW, serial),
        "app": client.app_key,
        **keys,
    }
    return Belongings(client, named, query)


def test_whatever_an_endpoint_takes_is_known_to_name_something_or_nothing() -> None:
    unknown = {slot.name for slot in slots()} - NAMES_SOMETHING.keys() - NAMES_NOTHING

    assert unknown == set(), "say in NAMES_SOMETHING or NAMES_NOTHING what they name"
    assert NAMES_SOMETHING.keys() - {slot.name for slot in slots()} == set()


def test_another_tenants_things_are_answered_as_if_they_did_not_exist(world: World) -> None:
    theirs = settled(world, "tenant-1")
    with_deliveries(world, theirs.named["endpoint"], 2)
    ours = settled(world, "tenant-2")
    before = _seen(theirs)
    tried = [slot for slot in slots() if slot.name in NAMES_SOMETHING]

    differences = []
    for slot in tried:
        kind = kind_of(slot)
        answers = [
            _masked(_asked(world, ours, slot, given), given) for given in (theirs.named[kind], theirs.nobodys(kind))
        ]
        if answers[0] != answers[1]:
            differences.append((str(slot), *answers))
        assert answers[1][0] < 500, (str(slot), answers[1])

    assert differences == []
    assert len(tried) >= 35
    assert _seen(theirs) == before
    assert world.log.lines == []


def test_our_own_are_found_in_each_of_these_places(world: World) -> None:
    """Or the test above would compare one refusal of everything with another."""
    ours = settled(world, "tenant-1")
    with_deliveries(world, ours.named["endpoint"], 2)

    alike = []
    for slot in (slot for slot in slots() if slot.name in NAMES_SOMETHING and slot.method != "DELETE"):
        kind = kind_of(slot)
        own, none = (
            _masked(_asked(world, ours, slot, given), given) for given in (ours.named[kind], ours.nobodys(kind))
        )
        if own == none:
            alike.append(f"{slot.name} {slot.path}")

    assert sorted(alike) == LOOK_ALIKE


LOOK_ALIKE = sorted(
    [
        "after /v1/calls",  # a place in the order of time, which need not be a call's
        "after /v1/calls/{serial}",  # so many events were seen: no id, and refused when it looks like one
        "app_key /apigovernance/api/oauth/tokenByAkSk",  # with a wrong secret, which is how it is tried
        "appKey /apiaccess/rest/cc-management/v1/ita/twopartiescall/statusnotify",  # a fact among facts: not looked up
    ]
)
"""What is answered alike whether it is ours or nobody's."""


def test_lists_hold_nothing_of_another_tenants(world: World) -> None:
    theirs, ours = settled(world, "tenant-1"), settled(world, "tenant-2")

    lists = [ours.client.get(path).body for path in ("/v1/calls", "/v1/events?after=0", "/v1/webhooks")]
    lists.append(ours.client.records().body)

    for listed in lists:
        assert ours.named["serial"].encode() in listed or ours.named["endpoint"].encode() in listed
        for name in ("serial", "endpoint", "event", "app"):
            assert theirs.named[name].encode() not in listed


def _asked(world: World, ours: Belongings, slot: Slot, given: str) -> Response:
    """One request in which only that slot names something of the other's; all else is ours, or is what it must be."""
    operation = DOCUMENT["paths"][slot.path][slot.method.lower()]
    path, query, headers = slot.path, dict[str, str](), {"Host": "calls.example.com"}
    for parameter in operation.get("parameters", ()):
        where, name = parameter["in"], parameter["name"]
        is_slot = (where, name) == (slot.where, slot.name)
        if where == "path":
            path = path.replace(f"{{{name}}}", given if is_slot else ours.named[NAMES_SOMETHING[name]])
        elif is_slot:
            (query if where == "query" else headers)[name] = given
    if slot.name == "file":
        query = ours.query
    if operation.get("security"):
        headers["Authorization"] = f"Bearer {ours.client.token}"
    body = json.dumps(_body(operation, ours, slot, given)).encode() if members(operation) else b""
    target = f"{path}?{urlencode(query)}" if query else path
    return exchange(world.app, slot.method, target, headers=headers, body=body)


def _body(operation: Mapping[str, Any], ours: Belongings, slot: Slot, given: str) -> dict[str, Any]:
    content = next(iter(operation["requestBody"]["content"].values()))
    schema = DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    body = {name: _default(name, ours) for name in schema.get("required", ())}
    if "url" in schema["properties"]:
        body["url"] = "https://hooks.example.com/another"
    if slot.where == "body":
        body[slot.name] = [given] if slot.name in LISTS else given
    return body


def _default(name: str, ours: Belongings) -> Any:
    match name:
        case "called":
            return str(next(ours.fresh))  # a pair that waits would be refused for that
        case "startTime":
            return str(NOW - DAY_MS)
        case "endTime":
            return str(NOW + DAY_MS)
        case "app_secret" | "remark":
            return "x"
        case "caller" | "softPhone":
            return "88889050"
        case _:
            own = ours.named[NAMES_SOMETHING[name]]
            return [own] if name in LISTS else own


def _masked(answer: Response, given: str) -> tuple[int, dict[str, str], bytes]:
    """Byte for byte, but for the id itself where it is repeated, and the serial of a call that was placed anew."""
    serial = given.partition("-")[0].removesuffix(".wav")
    headers = {name: SERIALS.sub(b"SERIAL", value.encode()).decode() for name, value in answer.headers.items()}
    body = answer.body.replace(given.encode(), b"GIVEN").replace(serial.encode(), b"GIVEN")
    return answer.status, headers, SERIALS.sub(b"SERIAL", body)


def _seen(whose: Belongings) -> list[bytes]:
    """What their owner sees of the things that were tried."""
    named = whose.named
    paths = (
        f"/v1/calls/{named['serial']}",
        f"/v1/calls/{named['serial']}/events",
        f"/v1/calls/{named['serial']}/recording",
        "/v1/calls",
        "/v1/webhooks",
        f"/v1/webhooks/{named['endpoint']}/deliveries",
    )
    return [whose.client.get(path).body for path in paths]
