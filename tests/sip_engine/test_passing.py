"""What is passed from one phone of a call to the other, and by what the two legs are known to belong together."""

from __future__ import annotations

from sip_engine.world import Carrier, World, answers, trunk
from twoleg.domain.call import Phase
from twoleg.sip.events import Event, InfoReceived

DIGIT = b"Signal=5\r\nDuration=160\r\n"
RELAY = "application/dtmf-relay"


class Listener(Carrier):
    """Keeps the digits that it hears."""

    digits: list[tuple[str, bytes]]

    def _act(self, event: Event) -> None:
        if isinstance(event, InfoReceived):
            self.digits.append((event.content_type, event.body))
        else:
            super()._act(event)


def connected() -> tuple[World, Listener]:
    world = World(trunk("a", 5070))
    carrier = Listener(world.network, 5070, answers(after=0.5))
    carrier.digits = []
    world.place()
    world.run(5)
    assert world.call().phase is Phase.TALKING
    return world, carrier


def test_a_digit_of_one_phone_reaches_the_other() -> None:
    world, carrier = connected()
    agent, customer = sorted(carrier.live)

    carrier.ua.info(customer, content_type=RELAY, body=DIGIT, now=world.network.now)
    world.run(1)
    carrier.ua.info(agent, content_type=RELAY, body=DIGIT, now=world.network.now)
    world.run(1)

    assert carrier.digits == [(RELAY, DIGIT)] * 2
    assert world.call().phase is Phase.TALKING


def test_a_digit_before_there_is_another_phone_is_nobodys() -> None:
    world = World(trunk("a", 5070))
    carrier = Listener(world.network, 5070, answers(after=0.5))
    carrier.digits = []
    world.place()
    world.run(0.56)
    agent = min(carrier.live)

    carrier.ua.info(agent, content_type=RELAY, body=DIGIT, now=world.network.now)
    world.run(5)

    assert carrier.digits == []
    assert world.call().phase is Phase.TALKING


def test_both_legs_bear_the_serial_and_one_session_id() -> None:
    world, carrier = connected()

    agent, customer = carrier.invites

    assert agent.headers.get("X-Twoleg-Call") == customer.headers.get("X-Twoleg-Call") == str(world.call().serial)
    session = agent.headers.get("Session-ID")
    assert session == customer.headers.get("Session-ID")
    assert session is not None
    assert len(session.partition(";")[0]) == 32
    assert agent.call_id != customer.call_id


def test_two_calls_have_two_session_ids() -> None:
    world, carrier = connected()
    world.place(offset=1)
    world.run(5)

    assert len({invite.headers.get("Session-ID") for invite in carrier.invites}) == 2
