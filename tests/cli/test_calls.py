"""`twoleg call`, `status` and `hangup` beside a store that nobody serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]

CALL = ("call", "88889050", "88889060")


@pytest.fixture
def tenant(twoleg: Twoleg) -> str:
    made: str = twoleg("tenant", "create", "Acme", "--access-code", "640003", "--json").json["tenant_id"]
    return made


def test_a_placed_call_waits_in_the_store(twoleg: Twoleg, tenant: str) -> None:
    placed = twoleg(*CALL, "--data", "order 17", "--json").json
    assert placed["tenant_id"] == tenant
    assert placed["state"] == 0
    assert placed["phase"] == "queued"
    assert placed["call_data"] == "order 17"
    assert placed["agent"] == {"number": "88889050", "clip": "640003"}
    assert placed["customer"] == {"number": "88889060", "clip": "640003"}
    assert isinstance(placed["serial"], str)
    assert len(placed["serial"]) in {18, 19}
    assert "reason" not in placed
    assert twoleg("status", placed["serial"], "--json").json == placed


def test_who_places_a_call_is_told_that_nobody_serves(twoleg: Twoleg, tenant: str) -> None:
    assert tenant
    ended = twoleg(*CALL)
    assert ended.code == 0
    assert "no service is running on this store: the call waits 60 s for one" in ended.complained
    assert "waiting to be dialled" in ended.printed


def test_displayed_numbers_may_be_chosen(twoleg: Twoleg) -> None:
    twoleg("tenant", "create", "Acme", "--access-code", "640003", "--access-code", "640060")
    placed = twoleg(*CALL, "--show-customer", "640060", "--show-agent", "640003", "--json").json
    assert placed["customer"]["clip"] == "640060"
    assert placed["agent"]["clip"] == "640003"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("call", "88x", "88889060"), "refused: caller 88x: a number must be 1-32 characters"),
        (("call", "88889050", "0" * 33), "refused: called 000"),
        ((*CALL, "--show-customer", "4711"), "refused: --show-customer 4711: the displayed number is not one of"),
    ],
)
def test_a_refused_call_is_a_no_with_its_reason(
    twoleg: Twoleg, tenant: str, arguments: tuple[str, ...], says: str
) -> None:
    assert tenant
    ended = twoleg(*arguments)
    assert ended.code == 1
    assert says in ended.complained
    assert ended.printed == ""


def test_the_same_call_twice_is_refused(twoleg: Twoleg, tenant: str) -> None:
    assert tenant
    assert twoleg(*CALL).code == 0
    ended = twoleg(*CALL)
    assert ended.code == 1
    assert "refused: a call between the same two numbers is already waiting or ringing" in ended.complained


def test_data_has_a_limit(twoleg: Twoleg, tenant: str) -> None:
    assert tenant
    assert twoleg(*CALL, "--data", "ä" * 1024).code == 0
    assert twoleg(*CALL, "--data", "ä" * 1025).code == 2


@pytest.mark.parametrize("serial", ["x", "-1", "1.5", "9223372036854775808", "٣"])
def test_what_is_no_serial_is_wrong_use(twoleg: Twoleg, serial: str) -> None:
    ended = twoleg("status", "--", serial)
    assert ended.code == 2
    assert "is no serial" in ended.complained


@pytest.mark.parametrize("command", ["status", "hangup"])
def test_an_unknown_call_is_a_no(twoleg: Twoleg, command: str) -> None:
    ended = twoleg(command, "645735364434067472")
    assert ended.code == 1
    assert "no call 645735364434067472" in ended.complained


def test_a_hangup_is_noted_for_the_engine(twoleg: Twoleg, tenant: str) -> None:
    assert tenant
    serial = twoleg(*CALL, "--json").json["serial"]
    assert twoleg("hangup", serial, "--json").json == {"serial": serial, "hangup": "requested"}
