"""Any order of requests, phones' doings, deaths and troubles: the promise holds at every moment, and in the end.

Hypothesis draws the order and makes it short when it finds a fault. `MACHINE_EXAMPLES=2000 pytest tests/machine` looks
for longer, each time elsewhere.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crash.lives import Killed
from machine.house import AGENTS, CUSTOMERS, House
from machine.parts import Moment
from machine.promise import Promise
from store.files import with_tenant
from twoleg.adapters.store.sqlite.backup import copy_store
from twoleg.adapters.store.sqlite.soundness import look_through

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
CALLS = 6
"""At most, in one example."""
LONGEST = 150.0
"""Seconds after which every call of a sound service has ended, and its phones have had its last word."""

LONGEST_OUTAGE = 140.0
TROUBLE = (500, 503)
"""HTTP status while the store cannot be written."""

faces = st.sampled_from(["v1", "v3", "native"])
moods = st.integers(0, len(AGENTS) - 1)
keys = st.sampled_from([None, None, "order-1", "order-2"])
nth = st.integers(0, 3)
moments = st.sampled_from(Moment)
short = st.sampled_from([0.3, 1.5, 4.0])
outages = st.sampled_from([0.1, 0.3, 2.0, 7.0, 30.0, LONGEST_OUTAGE])
waits = st.sampled_from([0.005, 0.03, 0.3, 1.0, 3.0, 9.0, 40.0])

Order = tuple[str, str, str, str | None]


class ServiceMachine(RuleBasedStateMachine):
    """Rules are what clients, phones, operators and fate do."""

    blank: Path

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        path = self.folder / "twoleg.db"
        shutil.copy(self.blank, path)
        self.house = House(path)
        self.promise = Promise(self.house)
        self.orders: list[Order] = []
        self.serials: list[str] = []
        self.by_key: dict[str, tuple[Order, str]] = {}

    # ---- what clients do

    @precondition(lambda self: len(self.orders) < CALLS)
    @rule(face=faces, agent=moods, customer=moods, key=keys)
    def place(self, face: str, agent: int, customer: int, key: str | None) -> None:
        self.orders.append((face, AGENTS[agent], CUSTOMERS[customer], key))
        self._ask(self.orders[-1])

    @precondition(lambda self: self.orders)
    @rule(which=nth)
    def repeat(self, which: int) -> None:
        self._ask(self.orders[which % len(self.orders)])

    @precondition(lambda self: len(self.orders) < CALLS)
    @rule(face=faces, mood=moods, key=keys, moment=moments, repeats=st.integers(0, 1))
    def place_while_the_api_dies(self, face: str, mood: int, key: str | None, moment: Moment, repeats: int) -> None:
        self.orders.append((face, AGENTS[mood], CUSTOMERS[mood], key))
        self.house.faces.mortal.dies = moment
        self._ask(self.orders[-1])
        for _ in range(repeats):
            self._ask(self.orders[-1])

    @precondition(lambda self: self.serials)
    @rule(which=nth)
    def hang_up(self, which: int) -> None:
        serial = self.serials[which % len(self.serials)]
        answer = self.house.client.post(f"/v1/calls/{serial}/hangup", b"")
        assert answer.status == 202 or (answer.status in TROUBLE and not self.house.disk.is_well), answer

    # ---- what phones do

    @rule(port=st.sampled_from([5071, 5072]), which=nth, does=st.sampled_from(["ring", "answer", "refuse", "hang up"]))
    def phone(self, port: int, which: int, does: str) -> None:
        phone = self.house.phones[port]
        legs = sorted(phone.live)
        if not legs:
            return
        leg = legs[which % len(legs)]
        match does:
            case "ring" if leg in phone.ringing and phone.stories[leg].answered_at is None:
                phone.ua.ring(leg, now=phone.now)
            case "answer" if phone.stories[leg].answered_at is None:
                phone.accept(leg)
            case "refuse" if phone.stories[leg].answered_at is None:
                phone.refuse(leg, 480)
            case "hang up" if phone.stories[leg].answered_at is not None:
                phone.hang_up_leg(leg)

    # ---- what time and fate do

    @rule(seconds=waits)
    def wait(self, seconds: float) -> None:
        self.house.run(seconds)

    @rule(times=st.integers(1, 12))
    def wait_for_what_comes(self, times: int) -> None:
        for _ in range(times):
            self.house.jump()

    @rule(seconds=short, seed=st.integers(0, 1000), loss=st.sampled_from([0.0, 0.1, 0.4]))
    def spoil_the_network(self, seconds: float, seed: int, loss: float) -> None:
        self.house.spoil_network(seconds, seed=seed, loss=loss)

    @rule(downtime=outages)
    def kill_the_engine(self, downtime: float) -> None:
        self.house.kill_engine(downtime)

    @rule(place=st.integers(0, 12))
    def kill_the_engine_at_a_line(self, place: int) -> None:
        self.house.kill_engine_at(place)

    @rule(seconds=outages)
    def stop_the_engine(self, seconds: float) -> None:
        self.house.stop_engine(seconds)

    @rule()
    def kill_the_api(self) -> None:
        self.house.kill_api()

    @rule(seconds=outages)
    def lock_the_store(self, seconds: float) -> None:
        self.house.disk.lock(seconds)

    @rule(seconds=outages)
    def break_the_disk(self, seconds: float) -> None:
        self.house.disk.fail(seconds)

    @rule()
    def lose_nudges_or_not(self) -> None:
        self.house.loses_nudges = not self.house.loses_nudges

    @rule()
    def back_up(self) -> None:
        copy = self.folder / "copy.db"
        copy.unlink(missing_ok=True)
        copy_store(self.house.path, copy, told=lambda _share: None)
        assert look_through(copy).flaws == ()

    # ---- what holds

    @invariant()
    def the_promise(self) -> None:
        self.promise.check()

    def teardown(self) -> None:
        if not hasattr(self, "promise"):
            return
        try:
            self._come_to_an_end()
        finally:
            self.promise.close()
            self.house.close()
            shutil.rmtree(self.folder)

    def _come_to_an_end(self) -> None:
        """Trouble ends; then time passes until everything must be over."""
        if self.house.life is None or self.house.stopped is not None:
            self.house.run(LONGEST_OUTAGE)
        self.house.disk.heal()
        self.house.mend_network()
        self.house.run(LONGEST)
        self.promise.check_end()
        if self.promise.kept() and not self.house.is_forgetful:  # a last word was lost: the next engine asks once more
            self.house.kill_engine(0.3)
            self.house.run(60)
            assert self.promise.kept() == 0

    def _ask(self, order: Order) -> None:
        face, agent, customer, key = order
        headers = {} if key is None else {"Idempotency-Key": key}
        client = self.house.client
        try:
            if face == "native":
                answer = client.post("/v1/calls", {"caller": agent, "called": customer}, headers)
            elif face == "v1":
                answer = client.place(headers, caller=agent, called=customer)
            else:
                answer = client.place_v3(headers, softPhone=agent, called=customer)
        except Killed:
            self.house.kill_api()
            return
        serial = _serial_in(answer.status, answer.json)
        assert answer.status not in TROUBLE or not self.house.disk.is_well, answer
        if serial is not None:
            self._is_acknowledged(order, serial)
        elif key in self.by_key and answer.status not in TROUBLE:
            assert self.by_key[key][0] != order, "a replay was refused"

    def _is_acknowledged(self, order: Order, serial: str) -> None:
        key = order[3]
        if key is not None:
            known = self.by_key.setdefault(key, (order, serial))
            assert known == (order, serial), "one key, two calls"
        elif serial not in self.serials:
            assert serial not in self.promise.acknowledged
        if serial not in self.serials:
            self.serials.append(serial)
        self.promise.acknowledged.add(serial)


def _serial_in(status: int, body: Any) -> str | None:
    if status not in (200, 201):
        return None
    found = body.get("serial") or body.get("result", {}).get("callSerialNo")
    return None if found is None else str(found)


@pytest.fixture(autouse=True)
def _no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each API process writes one, which nobody reads here, and would do little else."""
    monkeypatch.setattr("twoleg.api.app.make_document", lambda *_said: b"{}")


@pytest.mark.slow
@pytest.mark.timeout(0 if EXAMPLES else 120)
def test_the_promise_holds_in_any_order_of_deeds_deaths_and_troubles(tmp_path: Path) -> None:
    blank = tmp_path / "blank.db"
    with_tenant(blank).close()

    class Machine(ServiceMachine):
        pass

    Machine.blank = blank
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES or 40,
            stateful_step_count=40,
            derandomize=not EXAMPLES,
            database=None,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
