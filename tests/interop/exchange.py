"""One service, many phones: pairs of lines to sipp phones, and calls that are checked step by step.

Each test takes a pair of its own, on addresses that nobody used before: what an earlier call still has to say on the
wire reaches no later test.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from command_line import CommandLine
from interop.scripts import (
    AGENT_ANSWERS,
    AGENT_IS_CONNECTED,
    CUSTOMER_ANSWERS,
    TALK,
    hangs_up,
    is_released,
    phone,
    waits,
)
from interop.sipp import Sipp
from patience import eventually, wall_clock_ms
from service import ACCESS_CODE, Client, Service, Trunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

USERNAME, PASSWORD = "twoleg", "open sesame"
"""What the service answers every trunk's digest challenge with."""

_HIGHEST_PORT = 30_000
"""Below what the kernel gives to those who ask for any port, so that a line stays free until its phone is there."""

_UNHURRIED = ("-watchdog_interval", "0")
"""sipp gives up when it gets too little of the processor for its taste; a busy machine is no failure here."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where one phone is plugged in: the service dials numbers with this prefix at this address."""

    prefix: str
    address: tuple[str, int]

    @property
    def number(self) -> str:
        """A number on this line."""
        return f"{self.prefix}8889050"

    @property
    def trunk(self) -> Trunk:
        """The way to it."""
        host, port = self.address
        return Trunk(f"line-{self.prefix}", f"sip:{host}:{port}", (self.prefix,), USERNAME, PASSWORD)


class Between:
    """Equal to every whole number of ms since the epoch from `first` until now."""

    def __init__(self, first: int) -> None:
        self._first = first

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and self._first <= other <= wall_clock_ms()

    def __hash__(self) -> int:
        return hash(self._first)

    def __repr__(self) -> str:
        return f"<ms since the epoch, {self._first} to now>"


@dataclass(slots=True)
class PlacedCall:
    """A call of a client, and what must be true of it."""

    operator: CommandLine
    client: Client
    serial: str
    members: Mapping[str, str]
    """What each answer about it repeats."""
    placed_at: int

    def shows(self, state: int, *, reason: int | None = None, seconds: float = 25.0) -> dict[str, Any]:
        """Wait for that state; the answer has exactly the members it must have, and exactly these values."""
        answer = self.client.until(self.serial, state=state, seconds=seconds)
        moment = Between(self.placed_at)
        expected: dict[str, Any] = {**self.members, "state": state}
        if state >= 1:
            expected["startTime"] = moment
        if state == 3:
            expected |= {"endTime": moment, "reasonCode": reason}
        assert answer == expected
        return answer

    def shows_end(self, *, seconds: float) -> dict[str, Any]:
        """It ends, with whatever reason."""
        return self.client.until(self.serial, state=3, seconds=seconds)

    def ended(self, reason: int, *, seconds: float = 25.0) -> dict[str, Any]:
        """It ends, with that reason, not before it started; and that stays so."""
        answer = self.shows(3, reason=reason, seconds=seconds)
        assert answer["startTime"] <= answer["endTime"]
        assert self.client.query(self.serial) == answer
        return answer

    def told(self, *, agent: Mapping[str, Any] | None = None, customer: Mapping[str, Any] | None = None) -> None:
        """Wait until an operator is told these facts of the legs; None as a value: not told at all."""
        found: dict[str, Any] = {}
        wanted = {"agent": dict(agent or {}), "customer": dict(customer or {})}

        def agrees() -> bool:
            status = self.status()
            found.update({leg: {name: status[leg].get(name) for name in facts} for leg, facts in wanted.items()})
            return found == wanted

        eventually(agrees, seconds=5)
        assert found == wanted

    def status(self) -> dict[str, Any]:
        """Everything that an operator is told."""
        document: dict[str, Any] = self.operator.ask("status", self.serial)
        return document

    def hang_up(self) -> None:
        """An operator ends it."""
        self.operator.ask("hangup", self.serial)

    @property
    def some_time(self) -> Between:
        """Any moment since it was placed."""
        return Between(self.placed_at)


@dataclass(slots=True)
class Desk:
    """A pair of lines for one test."""

    exchange: Exchange
    agent_line: Line
    customer_line: Line
    folder: Path
    _phones: dict[str, Sipp] = field(default_factory=dict)

    @property
    def service(self) -> Service:
        """Whose lines they are."""
        return self.exchange.service

    def agent(self, *steps: str, calls: int = 1, **options: Any) -> Sipp:
        """The agent's phone, which does these steps."""
        return self._phone("agent", self.agent_line, steps, calls=calls, **options)

    def customer(self, *steps: str, calls: int = 1, **options: Any) -> Sipp:
        """The customer's."""
        return self._phone("customer", self.customer_line, steps, calls=calls, **options)

    def another(self, *steps: str) -> Sipp:
        """A third phone, on no line of its own: somebody may name it."""
        return self._start("another", phone(*steps))

    def stranger(self, scenario: str, **options: Any) -> Sipp:
        """A phone that speaks first, to the service, from nowhere in particular."""
        return self._start("stranger", scenario, remote=self.service.sip, **options)

    def call(self, *, profile: str = "aicc", **members: str) -> PlacedCall:
        """createCall between the two lines, with further members as given."""
        ends = {"caller": self.agent_line.number, "called": self.customer_line.number}
        return self.exchange.call(**{**ends, **members}, profile=profile)

    def talk(
        self,
        *,
        agent: Sequence[str] = (AGENT_ANSWERS, AGENT_IS_CONNECTED, is_released()),
        customer: Sequence[str] = (CUSTOMER_ANSWERS, waits(TALK), hangs_up()),
        reason: int = 0,
        **members: str,
    ) -> tuple[Sipp, Sipp, PlacedCall]:
        """A call in which both phones do their steps to the end: they are seen to talk, and it ends for that reason.

        What the phones heard and said can be asked for afterwards.
        """
        with self.agent(*agent) as rung, self.customer(*customer) as called:
            call = self.call(**members)
            call.shows(2)
            call.ended(reason)
            rung.kept()
            called.kept()
        return rung, called, call

    def _phone(self, name: str, line: Line, steps: Sequence[str], **options: Any) -> Sipp:
        return self._start(name, phone(*steps), at=line.address, **options)

    def _start(self, name: str, scenario: str, **options: Any) -> Sipp:
        room = self.folder / name
        room.mkdir()
        (room / "scenario.xml").write_text(scenario)
        self._phones[name] = Sipp.start(room / "scenario.xml", room, options=_UNHURRIED, **options)
        return self._phones[name]

    def report(self) -> str:
        """What a person needs to see when a test failed: what each phone lived through."""
        return "\n".join(f"---- {name}\n{phone.report()}" for name, phone in self._phones.items())


@dataclass(slots=True)
class Exchange:
    """A running service whose trunks lead to lines that are free to be used, a pair at a time."""

    service: Service
    operator: CommandLine
    _pairs: Iterator[tuple[Line, Line]]
    _clients: dict[str, Client] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *, pairs: int, timers: Mapping[str, float], more: str = "") -> Iterator[Self]:
        """Start it, with that many pairs of lines and `more` TOML, and stop it at the end; it must end well."""
        lines = list(_free_lines(pairs))
        trunks = [line.trunk for pair in lines for line in pair]
        with (
            Service.start(folder, trunks=trunks, timers=timers, more=more) as service,
            CommandLine.start(service.config) as operator,
        ):
            exchange = cls(service, operator, iter(lines))
            try:
                yield exchange
            finally:
                for client in exchange._clients.values():
                    client.close()
            assert service.stop() == 0

    @contextmanager
    def desk(self, folder: Path) -> Iterator[Desk]:
        """The next pair of lines, for one test. Whatever the phones do: in the end the service confesses no fault."""
        assert self.service.process.poll() is None, f"the service is gone: {self.service.log()[-3:]}"
        before = len(self.service.faults())
        desk = Desk(self, *next(self._pairs), folder)
        try:
            yield desk
        finally:
            sys.stdout.write(desk.report())  # pytest shows it when the test failed
        assert self.service.faults()[before:] == []

    def call(self, *, caller: str, called: str, profile: str = "aicc", **members: str) -> PlacedCall:
        """createCall by the client of that profile."""
        client = self._client(profile)
        placed_at = wall_clock_ms()
        serial = client.create_call(caller, called, **members)
        shown = {"callerPresent": ACCESS_CODE, "agentPresent": ACCESS_CODE}
        repeated = {**shown, **members, "caller": caller, "called": called}
        if profile == "ita":
            repeated.pop("callData", None)
        return PlacedCall(self.operator, client, serial, repeated, placed_at)

    def _client(self, profile: str) -> Client:
        if profile not in self._clients:
            codes = ("--access-code", ACCESS_CODE, "--access-code", "640060")
            tenant = self.operator.ask("tenant", "create", profile, *codes, "--profile", profile)["tenant_id"]
            app = self.operator.ask("app", "create", "--tenant", tenant)
            base = f"http://{self.service.http}"
            self._clients[profile] = Client.with_token(base, app["app_key"], app["app_secret"])
        return self._clients[profile]


def _free_lines(pairs: int) -> Iterator[tuple[Line, Line]]:
    """Lines on a loopback address of this process alone: tests that run side by side cannot meet."""
    pid = os.getpid()
    host = f"127.{64 + (pid >> 16) % 64}.{pid >> 8 & 255}.{pid & 255}"
    ports = iter(random.SystemRandom().sample(range(10_000, _HIGHEST_PORT), 2000))
    for pair in range(100, 100 + pairs):
        yield (
            Line(f"1{pair}", (host, _free(host, ports))),
            Line(f"2{pair}", (host, _free(host, ports))),
        )


def _free(host: str, ports: Iterator[int]) -> int:
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no free port on {host}")
