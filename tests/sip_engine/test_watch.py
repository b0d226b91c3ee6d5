"""Which trunks are up: registrations and OPTIONS, as the engine lives by them."""

from __future__ import annotations

from dataclasses import replace

from sip_engine.world import World, answers, trunk
from twoleg.domain.call import Phase
from twoleg.domain.reasons import Reason
from twoleg.domain.trunk import HealthCheck
from twoleg.sip.message import Request, Response, response_to
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer, Transmit

CHALLENGE = 'Digest realm="carrier", nonce="n1", algorithm=MD5, qop="auth"'


class Server:
    """A registrar and trunk that answers what `says` tells for each request; INVITEs get 486."""

    def __init__(self, world: World, port: int) -> None:
        self.network = world.network
        self.address = Peer("udp", "127.0.0.1", port)
        self.says: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.heard: list[Request] = []
        self.is_dead = False
        self._output: list[Transmit] = []
        self.ua = self
        world.network.parties[self.address] = self  # type: ignore[assignment]  # a party in all that the network asks

    def listen(self) -> None: ...

    def next_deadline(self) -> None: ...

    def fire_timers(self, _now: float) -> None: ...

    def take_output(self) -> list[Transmit]:
        output, self._output = self._output, []
        return output

    def receive(self, data: bytes, source: Peer, _now: float) -> None:
        request = parse_datagram(data)
        if self.is_dead or not isinstance(request, Request):
            return
        self.heard.append(request)
        said = self.says.get(request.method, [(200, {})])
        status, headers = said.pop(0) if len(said) > 1 else said[0]
        if request.method != "ACK":
            self._output.append(Transmit(self._answer(request, status, headers).encode(), source))

    def _answer(self, request: Request, status: int, headers: dict[str, str]) -> Response:
        response = response_to(request, status, to_tag="server")
        for name, value in headers.items():
            response.headers.add(name, value)
        return response

    def got(self, method: str) -> list[Request]:
        return [request for request in self.heard if request.method == method]


REGISTERING = trunk("carrier", 5071, registers=True, username="640003", password="secret", registration_expires=600)
ASKED = trunk("carrier", 5071, health=HealthCheck(every=10.0, failures=3, successes=2))
SPARE = trunk("spare", 5072, priority=1)


def states(world: World) -> list[tuple[bool, str]]:
    return [(state.is_up, state.why) for state in world.states]


def test_a_trunk_is_used_once_it_is_registered() -> None:
    world = World(REGISTERING, start=False)
    server = Server(world, 5071)
    server.says["REGISTER"] = [(401, {"WWW-Authenticate": CHALLENGE}), (200, {"Expires": "600"})]
    server.says["INVITE"] = [(486, {})]
    world.watch.start()
    serial = world.place()
    assert (world.call(serial).reason, world.call(serial).cause) == (Reason.NOT_DIALLED, 38)
    world.run(1)
    assert [request.headers.get("Authorization") is not None for request in server.got("REGISTER")] == [False, True]
    assert server.got("REGISTER")[0].uri == "sip:127.0.0.1:5071"
    assert server.got("REGISTER")[0].to.uri == "sip:640003@127.0.0.1:5071"
    assert states(world) == [(False, "not registered yet"), (True, "registered for 600 s")]
    serial = world.place(offset=1)
    world.run(1)
    assert world.call(serial).agent.sip_status == 486


def test_a_registration_is_renewed_and_its_loss_takes_the_trunk_down() -> None:
    world = World(REGISTERING, SPARE, start=False)
    server = Server(world, 5071)
    server.says["REGISTER"] = [(200, {"Expires": "600"}), (200, {"Expires": "600"}), (403, {}), (200, {})]
    spare = world.carrier(5072, answers())
    world.watch.start()
    world.run(1121)
    assert [up for up, _ in states(world)] == [False, True, False]
    assert states(world)[-1] == (False, "not registered: 403 Forbidden")
    world.place()
    world.run(0.5)
    assert spare.dialled == ["1001"]
    world.run(5)
    assert states(world)[-1] == (True, "registered for 600 s")


def test_a_stopping_engine_unregisters() -> None:
    world = World(REGISTERING, start=False)
    server = Server(world, 5071)
    world.watch.start()
    world.run(1)
    assert world.watch.is_done
    world.watch.stop()
    assert [world.watch.is_done] == [False]
    world.run(1)
    assert world.watch.is_done
    assert server.got("REGISTER")[-1].headers.get("Expires") == "0"


def test_a_registrar_without_an_address_is_looked_for_again() -> None:
    named = replace(REGISTERING, uri="sip:carrier.example")
    world = World(named, names={"carrier.example": []}, start=False)
    server = Server(world, 5071)
    world.watch.start()
    world.run(5)
    assert states(world)[-1][0] is False
    world.addresses.names["carrier.example"] = [server.address]
    world.run(31)
    assert states(world)[-1][0] is True
    assert server.got("REGISTER")[0].uri == "sip:carrier.example"


def test_a_registrar_that_moved_is_found_at_its_new_address() -> None:
    named = replace(REGISTERING, uri="sip:carrier.example")
    world = World(named, names={"carrier.example": [Peer("udp", "127.0.0.1", 5079)]}, start=False)
    server = Server(world, 5071)
    world.watch.start()
    world.run(20)
    world.addresses.names["carrier.example"] = [server.address]
    world.run(60)
    assert states(world)[-1][0] is True


def test_three_unanswered_questions_take_a_trunk_down_and_two_answers_bring_it_up() -> None:
    world = World(ASKED, SPARE, start=False)
    server = Server(world, 5071)
    spare = world.carrier(5072, answers())
    world.watch.start()
    world.run(25)
    assert states(world) == [(True, "not asked yet"), (True, "answers OPTIONS with 200")]
    server.is_dead = True
    world.run(25)
    assert len(states(world)) == 2
    world.run(20)
    assert states(world)[-1] == (False, "no answer to OPTIONS")
    world.place()
    world.run(1)
    assert spare.dialled == ["1001"]
    server.is_dead = False
    world.run(5)
    assert not world.watch.is_up("carrier")
    world.run(15)
    assert states(world)[-1] == (True, "answers OPTIONS with 200")


def test_a_lost_packet_takes_nothing_down() -> None:
    world = World(ASKED, start=False)
    server = Server(world, 5071)
    world.watch.start()
    for _ in range(5):
        world.run(14)
        server.is_dead = not server.is_dead
    assert all(up for up, _ in states(world))


def test_a_trunk_that_only_knows_how_to_refuse_is_alive_and_an_overloaded_one_is_not() -> None:
    world = World(ASKED, start=False)
    server = Server(world, 5071)
    server.says["OPTIONS"] = [(404, {})]
    world.watch.start()
    world.run(60)
    assert world.watch.is_up("carrier")
    server.says["OPTIONS"] = [(503, {})]
    world.run(60)
    assert not world.watch.is_up("carrier")


def test_all_trunks_down_end_a_call_with_6_and_say_which() -> None:
    world = World(ASKED)
    world.run(60)
    serial = world.place()
    assert (world.call(serial).reason, world.call(serial).cause) == (Reason.NOT_DIALLED, 38)
    (step,) = [step for step in world.journal.written if step.call.serial == serial]
    assert step.events[-1].detail == "all trunks for 1001 are down: carrier"


def test_calls_that_wait_go_by_a_trunk_that_comes_up() -> None:
    full = trunk("full", 5072, channels=2)
    world = World(full, REGISTERING, start=False)
    server = Server(world, 5071)
    server.says["REGISTER"] = [(403, {}), (200, {})]
    server.says["INVITE"] = [(486, {})]
    world.carrier(5072, answers())
    world.watch.start()
    world.run(0.5)
    world.place()
    waiting = world.place(offset=1, agent="1002", customer="2002")
    world.run(1)
    assert world.call(waiting).phase is Phase.QUEUED
    world.run(6)
    assert world.call(waiting).phase is Phase.ENDED
    assert world.call(waiting).agent.sip_status == 486
