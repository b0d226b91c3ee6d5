"""Media that has to ask a relay first: an offer that comes too late dials nobody, and nothing is left of the call."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.calls import SERIAL
from sip_engine.world import SDP, World, answers, rings, trunk
from twoleg.application.media import MediaWishes
from twoleg.domain.call import Call, Phase, Role
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import HangUpRequested

AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER


@dataclass(slots=True)
class LatePath:
    """Its offers come when the test says so."""

    wishes: MediaWishes
    asked: list[Role] = field(default_factory=list)
    is_closed: bool = False

    def dial(self, role: Role) -> None:
        self.asked.append(role)

    def give(self, role: Role) -> None:
        self.wishes.offer(role, SDP)

    def early(self, role: Role, body: bytes) -> None: ...

    def answered(self, role: Role, body: bytes | None) -> None: ...

    def refused(self, role: Role, status: int | None) -> None: ...

    def offered(self, role: Role, body: bytes | None) -> None: ...

    def acknowledged(self, role: Role, body: bytes | None) -> None: ...

    def ringback(self) -> None: ...

    def pass_early(self) -> None: ...

    def bridge(self) -> None:
        self.wishes.bridged()

    def close(self) -> None:
        self.is_closed = True


@dataclass(slots=True)
class LateMedia:
    """One path for each call."""

    paths: list[LatePath] = field(default_factory=list)

    def open(self, call: Call, wishes: MediaWishes) -> LatePath:
        assert call.serial >= SERIAL
        self.paths.append(LatePath(wishes))
        return self.paths[-1]


def a_world() -> tuple[World, LateMedia]:
    media = LateMedia()
    world = World(trunk("agents", 5070, prefixes=("1",)), trunk("carrier", 5071, prefixes=("2",)), media=media)
    return world, media


def test_phones_are_dialled_when_their_offers_come() -> None:
    world, media = a_world()
    agents, carrier = world.carrier(5070, answers()), world.carrier(5071, answers())
    world.place(agent="1000", customer="2000")
    world.run(1)
    (path,) = media.paths
    assert (path.asked, agents.dialled) == ([AGENT], [])
    path.give(AGENT)
    world.run(3)
    assert (path.asked, carrier.dialled) == ([AGENT, CUSTOMER], [])
    path.give(CUSTOMER)
    world.run(3)
    assert world.call(SERIAL).phase is Phase.TALKING
    carrier.hang_up()
    world.run(60)
    assert world.is_clean()
    assert path.is_closed


def test_an_agents_offer_that_comes_after_the_end_rings_nobody() -> None:
    world, media = a_world()
    agents = world.carrier(5070, rings)
    world.place(agent="1000", customer="2000")
    world.run(1)
    world.conductor.signal(SERIAL, HangUpRequested())
    media.paths[0].give(AGENT)
    world.run(1)
    media.paths[0].give(AGENT)
    world.run(5)
    assert agents.dialled == []
    assert world.call(SERIAL).reason is Reason.HANGUP_REQUESTED
    assert world.is_clean()
    assert media.paths[0].is_closed


def test_a_customers_offer_that_comes_after_the_agent_hung_up_rings_nobody() -> None:
    world, media = a_world()
    agents, carrier = world.carrier(5070, answers(after=0.1)), world.carrier(5071, rings)
    world.place(agent="1000", customer="2000")
    world.run(1)
    media.paths[0].give(AGENT)
    world.run(2)
    agents.hang_up()
    world.run(1)
    media.paths[0].give(CUSTOMER)
    world.run(60)
    assert carrier.dialled == []
    assert world.call(SERIAL).reason is Reason.AGENT_HUNG_UP
    assert world.is_clean()


def test_media_that_fails_before_anybody_was_dialled_ends_the_call_with_1004() -> None:
    world, media = a_world()
    agents = world.carrier(5070, rings)
    world.place(agent="1000", customer="2000")
    world.run(1)
    media.paths[0].wishes.failed(47, "no relay takes it")
    world.run(5)
    assert (agents.dialled, world.call(SERIAL).reason) == ([], Reason.BRIDGE_FAILED)
    assert world.is_clean()


def test_a_fault_while_a_relay_was_asked_ends_that_call_alone() -> None:
    world, media = a_world()
    world.carrier(5070, answers())
    world.carrier(5071, answers())
    for offset in range(2):
        world.place(offset=offset, agent=f"100{offset}", customer=f"200{offset}")
    world.run(1)
    media.paths[0].wishes.faulted(RuntimeError("planted"))
    media.paths[1].give(AGENT)
    world.run(3)
    media.paths[1].give(CUSTOMER)
    world.run(3)
    assert world.call(SERIAL).reason is Reason.ENGINE_LOST
    assert world.call(SERIAL + 1).phase is Phase.TALKING
