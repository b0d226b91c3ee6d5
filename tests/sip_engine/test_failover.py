"""A leg whose trunk fails before the phone rang goes by the next one; each try stays a fact of the leg."""

from __future__ import annotations

import pytest

from sip_engine.world import Carrier, World, answers, refuses, rings, trunk
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason
from twoleg.domain.trunk import IdentityHeader, Rewrite, Trunk
from twoleg.sip.events import LegId
from twoleg.sip.message import Request
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer

FIRST = trunk("first", 5071)
SECOND = trunk("second", 5072, priority=1)


def tries(world: World) -> list[tuple[str, int | None, int | None]]:
    return [(each.trunk, each.sip_status, each.cause) for each in world.call().agent.attempts]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_trunk_in_trouble_is_left_for_the_next(status: int) -> None:
    world = World(FIRST, SECOND)
    first, second = world.carrier(5071, refuses(status)), world.carrier(5072, answers())
    world.place()
    world.run(3)
    assert world.call().phase is Phase.TALKING
    assert [first.dialled, second.dialled] == [["1001", "2001"], ["1001", "2001"]]
    assert [attempt[:2] for attempt in tries(world)] == [("first", status), ("second", 200)]
    assert world.call().agent.sip_status == 200
    second.hang_up()
    world.run(60)
    assert world.is_clean()


def test_a_silent_trunk_is_given_up_after_seconds_and_tried_last_for_a_while() -> None:
    world = World(FIRST, SECOND)
    second = world.carrier(5072, answers())
    world.place()
    world.run(3.9)
    assert second.dialled == []
    world.run(4)
    assert world.call().phase is Phase.TALKING
    assert tries(world) == [("first", None, 102), ("second", 200, None)]
    assert [each.trunk for each in world.call().customer.attempts] == ["second"]
    world.place(offset=1, agent="1002", customer="2002")
    world.run(1.5)
    assert [each.trunk for each in world.call(world.call().serial + 1).agent.attempts] == ["second"]


def test_a_silent_trunk_without_an_alternative_keeps_its_32_seconds() -> None:
    world = World(FIRST)
    world.place()
    world.run(29)
    assert world.call().phase is Phase.CALLING_AGENT
    world.run(5)
    assert world.call().reason is Reason.AGENT_UNANSWERED
    world.run(60)
    assert world.is_clean()


def test_an_unreachable_trunk_is_left_at_once() -> None:
    world = World(FIRST, SECOND)
    world.carrier(5072, answers())
    world.place()
    world.run(0.1)
    world.shell.ua.transport_failed(Peer("udp", "127.0.0.1", 5071), world.network.now)
    world.run(3)
    assert world.call().phase is Phase.TALKING
    assert tries(world)[0] == ("first", None, 41)


@pytest.mark.parametrize("status", [404, 408, 480, 486, 488, 603])
def test_what_the_phone_says_is_asked_nowhere_else(status: int) -> None:
    world = World(FIRST, SECOND)
    world.carrier(5071, refuses(status))
    second = world.carrier(5072, answers())
    world.place()
    world.run(5)
    assert (world.call().reason, world.call().agent.sip_status) == (Reason.AGENT_FAILED, status)
    assert (second.dialled, len(world.call().agent.attempts)) == ([], 1)
    assert world.is_clean()


def test_a_503_that_tells_of_the_phone_is_asked_nowhere_else() -> None:
    world = World(FIRST, SECOND)
    world.carrier(5071, refuses(503, ("Reason", "Q.850;cause=17")))
    second = world.carrier(5072, answers())
    world.place()
    world.run(3)
    assert (world.call().cause, second.dialled) == (17, [])


def test_who_rang_is_tried_nowhere_else() -> None:
    def rings_then_fails(carrier: Carrier, leg: LegId, request: Request) -> None:
        rings(carrier, leg, request)
        refuses(503, after=1.0)(carrier, leg, request)

    world = World(FIRST, SECOND)
    world.carrier(5071, rings_then_fails)
    second = world.carrier(5072, answers())
    world.place()
    world.run(5)
    assert (world.call().reason, second.dialled) == (Reason.AGENT_FAILED, [])


def test_the_last_trunks_word_is_the_legs() -> None:
    world = World(FIRST, SECOND)
    world.carrier(5071, refuses(503))
    world.carrier(5072, refuses(502, ("Reason", 'Q.850;cause=38;text="out"'), ("Reason", "SIP;cause=502")))
    world.place()
    world.run(3)
    agent = world.call().agent
    assert (world.call().reason, agent.sip_status, agent.cause) == (Reason.AGENT_FAILED, 502, 38)
    assert agent.sip_reason == 'Q.850;cause=38;text="out", SIP;cause=502'
    assert [(each.sip_status, each.ended_at is not None) for each in agent.attempts] == [(503, True), (502, True)]
    assert agent.attempts[1].sip_reason == agent.sip_reason
    assert world.is_clean()


def test_retry_after_is_kept_to_and_forgotten_in_time() -> None:
    world = World(FIRST, SECOND)
    first = world.carrier(5071, refuses(503, ("Retry-After", "60 (maintenance)")))
    world.carrier(5072, refuses(486))
    for offset, pause in enumerate((5, 56, 5)):
        world.place(offset=offset, agent=f"10{offset}")
        world.run(pause)
    assert first.dialled == ["100", "102"]


def test_a_carrier_that_wants_to_be_left_alone_and_has_no_stand_in_ends_calls_with_6() -> None:
    world = World(FIRST)
    first = world.carrier(5071, refuses(503, ("Retry-After", "60")))
    world.place()
    world.run(1)
    serial = world.place(offset=1)
    world.run(1)
    assert (world.call(serial).reason, first.dialled) == (Reason.NOT_DIALLED, ["1001"])
    assert world.is_clean()


def test_no_agent_is_rung_while_the_customers_carrier_wants_to_be_left_alone() -> None:
    world = World(trunk("agents", 5070, prefixes=("1",)), trunk("carrier", 5071, prefixes=("2",)))
    agents = world.carrier(5070, answers(after=0.1))
    carrier = world.carrier(5071, refuses(503, ("Retry-After", "20")))
    world.place()
    world.run(1)
    serial = world.place(offset=1)
    world.run(1)
    assert (world.call(serial).reason, world.call(serial).cause) == (Reason.NOT_DIALLED, 42)
    assert (agents.dialled, carrier.dialled) == (["1001"], ["2001"])
    world.run(20)
    world.place(offset=2)
    world.run(1)
    assert carrier.dialled == ["2001", "2001"]
    world.run(60)
    assert world.is_clean()


def test_the_addresses_of_a_trunk_are_tried_one_after_the_other() -> None:
    named = Trunk(name="named", uri="sip:carrier.example")
    peers = [Peer("udp", "127.0.0.1", port) for port in (5071, 5072, 5073)]
    world = World(named, SECOND, names={"carrier.example": peers})
    world.addresses.late = 0.3
    world.carrier(5072, refuses(503))
    third = world.carrier(5073, answers())
    world.place()
    world.run(7)
    assert [(each.trunk, each.peer) for each in world.call().agent.attempts] == [
        ("named", "udp:127.0.0.1:5071"),
        ("named", "udp:127.0.0.1:5072"),
        ("named", "udp:127.0.0.1:5073"),
    ]
    assert third.invites[0].uri == "sip:1001@carrier.example"


@pytest.mark.parametrize("status", [302, 404, 486, 603])
def test_the_ack_of_a_refusal_goes_to_the_address_that_refused_along_the_way_of_its_invite(status: int) -> None:
    """RFC 3261 17.1.1.3: same address, same branch, same Request-URI; also when it is the third that was tried."""
    peers = [Peer("udp", "127.0.0.1", port) for port in (5071, 5072, 5073)]
    world = World(Trunk(name="named", uri="sip:carrier.example"), names={"carrier.example": peers})
    sent: list[tuple[Request, Peer]] = []

    def tap(data: bytes, source: Peer, target: Peer) -> None:
        message = parse_datagram(data)
        if source == world.shell.address and isinstance(message, Request):
            sent.append((message, target))

    world.network.tap = tap
    world.carrier(5072, refuses(503))
    world.carrier(5073, refuses(status, ("Contact", "<sip:1001@192.0.2.99>")))
    world.place()
    world.run(60)
    for port in (5072, 5073):
        invite = next(request for request, to in sent if request.method == "INVITE" and to.port == port)
        acks = [request for request, to in sent if request.method == "ACK" and to.port == port]
        assert [(ack.via.branch, ack.uri) for ack in acks] == [(invite.via.branch, invite.uri)]
    assert {to.port for request, to in sent if request.method == "ACK"} == {5072, 5073}


def test_a_name_that_leads_nowhere_is_an_attempt_and_the_next_trunk_is_used() -> None:
    world = World(Trunk(name="lost", uri="sip:nowhere.example"), SECOND, names={"nowhere.example": []})
    world.carrier(5072, answers())
    world.place()
    world.run(3)
    assert world.call().phase is Phase.TALKING
    lost = world.call().agent.attempts[0]
    assert (lost.trunk, lost.peer, lost.cause) == ("lost", None, 3)


def test_a_name_that_leads_nowhere_and_no_other_trunk_ends_the_call_with_6() -> None:
    world = World(Trunk(name="lost", uri="sip:nowhere.example"), names={"nowhere.example": []})
    world.place()
    world.run(1)
    assert (world.call().reason, world.call().cause) == (Reason.NOT_DIALLED, 3)
    assert [each.trunk for each in world.call().agent.attempts] == ["lost"]
    assert world.is_clean()


def test_a_call_that_ends_while_its_trunk_is_looked_up_leaves_nothing() -> None:
    world = World(
        Trunk(name="named", uri="sip:carrier.example"), names={"carrier.example": [Peer("udp", "127.0.0.1", 5071)]}
    )
    world.addresses.late = 40.0
    first = world.carrier(5071, answers())
    world.place()
    world.run(31)
    assert world.call().reason is Reason.AGENT_UNANSWERED
    world.run(60)
    assert first.dialled == []
    assert world.is_clean()


def test_a_late_answer_of_a_trunk_that_was_given_up_is_hung_up() -> None:
    def answers_late(carrier: Carrier, leg: LegId, _request: Request) -> None:
        carrier.later(5.0, lambda: carrier.accept(leg))

    world = World(FIRST, SECOND)
    late = world.carrier(5071, answers_late)
    late.ua._core.wire.timers = late.ua._core.wire.timers.__class__(trying=30.0)
    world.carrier(5072, answers(after=2))
    world.place()
    world.run(20)
    assert world.call().phase is Phase.TALKING
    assert (late.live, world.call().agent.attempts[-1].trunk) == (set(), "second")


def test_numbers_and_clip_are_written_for_each_trunk_and_kept_as_given() -> None:
    rewriting = trunk("first", 5071, dialled=Rewrite("0", "+49"), shown=Rewrite("64", "004964"))
    world = World(rewriting, SECOND)
    first, second = world.carrier(5071, refuses(503)), world.carrier(5072, answers())
    world.place(agent="0301", customer="0302")
    world.run(3)
    assert first.dialled == ["+49301", "+49302"]
    assert second.dialled == ["0301", "0302"]
    assert "sip:00490" not in str(first.invites[0].from_)
    assert str(first.invites[0].from_).startswith("<sip:00496")
    agent = world.call().agent
    assert (agent.number, agent.attempts[0].dialled, agent.attempts[1].dialled) == ("0301", "+49301", "0301")


@pytest.mark.parametrize(
    ("identity", "withholds", "expected"),
    [
        ((IdentityHeader.ASSERTED,), False, {"P-Asserted-Identity": "<sip:640060@127.0.0.1:5060>"}),
        ((), False, {}),
        (
            (IdentityHeader.REMOTE_PARTY,),
            False,
            {"Remote-Party-ID": "<sip:640060@127.0.0.1:5060>;party=calling;screen=yes;privacy=off"},
        ),
        (
            (IdentityHeader.ASSERTED, IdentityHeader.REMOTE_PARTY),
            True,
            {
                "P-Asserted-Identity": "<sip:640060@127.0.0.1:5060>",
                "Remote-Party-ID": "<sip:640060@127.0.0.1:5060>;party=calling;screen=yes;privacy=full",
                "Privacy": "id",
            },
        ),
    ],
)
def test_a_trunk_is_told_who_calls_in_its_own_way(
    identity: tuple[IdentityHeader, ...], *, withholds: bool, expected: dict[str, str]
) -> None:
    world = World(trunk("first", 5071, identity=identity, withholds=withholds))
    first = world.carrier(5071, refuses(486))
    world.place()
    world.run(1)
    invite = first.invites[0]
    told = {name: invite.headers.get(name) for name in ("P-Asserted-Identity", "Remote-Party-ID", "Privacy")}
    assert {name: value for name, value in told.items() if value is not None} == expected
    assert ("anonymous" in str(invite.from_)) is withholds


def test_the_warning_of_a_refused_offer_decides_the_cause() -> None:
    world = World(FIRST)
    world.carrier(5071, refuses(488, ("Warning", '399 carrier.example "codec"')))
    world.place()
    world.run(1)
    assert (world.call().cause, world.call().agent.cause) == (31, 31)


def test_an_agent_that_hangs_up_while_the_customer_is_tried_elsewhere_stops_that() -> None:
    agents = trunk("agents", 5070, prefixes=("1",))
    world = World(agents, trunk("first", 5071, prefixes=("2",)), trunk("second", 5072, prefixes=("2",), priority=1))
    phone = world.carrier(5070, answers(after=0.5))
    second = world.carrier(5072, answers())
    world.place()
    world.run(2)
    phone.hang_up()
    world.run(40)
    assert (world.call().reason, second.dialled) == (Reason.AGENT_HUNG_UP, [])
    world.run(60)
    assert world.is_clean()
