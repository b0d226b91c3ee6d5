"""Every cell of every state table is decided, and every decision can be carried out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import pytest

from twoleg.sip import reoffer_fsm, transaction_client_fsm, transaction_server_fsm
from twoleg.sip.leg_fsm import LEG
from twoleg.sip.leg_words import LegAction, LegInput, LegState
from twoleg.sip.registration_fsm import REGISTRATION, RegistrationInput, RegistrationState
from twoleg.sip.reoffer_fsm import REOFFER, ReofferAction, ReofferInput, ReofferState
from twoleg.sip.transaction_client import ClientTransaction
from twoleg.sip.transaction_client_fsm import ClientAction, ClientInput, ClientState
from twoleg.sip.transaction_server import ServerTransaction
from twoleg.sip.transaction_server_fsm import ServerAction, ServerInput, ServerState

Table = Mapping[Any, Mapping[Any, Any]]

TABLES: list[tuple[str, Table, type[IntEnum], type[IntEnum]]] = [
    ("INVITE client", transaction_client_fsm.INVITE, ClientState, ClientInput),
    ("non-INVITE client", transaction_client_fsm.NON_INVITE, ClientState, ClientInput),
    ("INVITE server", transaction_server_fsm.INVITE, ServerState, ServerInput),
    ("non-INVITE server", transaction_server_fsm.NON_INVITE, ServerState, ServerInput),
    ("leg", LEG, LegState, LegInput),
    ("re-INVITE", REOFFER, ReofferState, ReofferInput),
    ("registration", REGISTRATION, RegistrationState, RegistrationInput),
]


@pytest.mark.parametrize(("table", "states", "inputs"), [row[1:] for row in TABLES], ids=[row[0] for row in TABLES])
def test_every_cell_is_decided(table: Table, states: type[IntEnum], inputs: type[IntEnum]) -> None:
    assert set(table) == set(states)
    for state, row in table.items():
        assert set(row) == set(inputs), state


@pytest.mark.parametrize("table", [transaction_client_fsm.INVITE, transaction_client_fsm.NON_INVITE])
def test_every_action_of_a_client_transaction_can_be_carried_out(table: transaction_client_fsm.ClientTable) -> None:
    wanted = {action for row in table.values() for step in row.values() for action in step.do}

    assert wanted <= set(ClientTransaction._PERFORM)
    assert set(ClientTransaction._PERFORM) == set(ClientAction)


@pytest.mark.parametrize("table", [transaction_server_fsm.INVITE, transaction_server_fsm.NON_INVITE])
def test_every_action_of_a_server_transaction_can_be_carried_out(table: transaction_server_fsm.ServerTable) -> None:
    wanted = {action for row in table.values() for step in row.values() for action in step.do}

    assert wanted <= set(ServerTransaction._PERFORM)
    assert set(ServerTransaction._PERFORM) == set(ServerAction)


def reachable(table: Table, start: IntEnum) -> set[IntEnum]:
    seen, todo = {start}, [start]
    while todo:
        for step in table[todo.pop()].values():
            if step.next is not None and step.next not in seen:
                seen.add(step.next)
                todo.append(step.next)
    return seen


def test_every_state_of_a_leg_can_be_reached_and_left() -> None:
    starts = (LegState.CALLING, LegState.INCOMING)

    assert set().union(*(reachable(LEG, start) for start in starts)) == set(LegState)
    assert all(LegState.ENDED in reachable(LEG, state) for state in LegState)


def test_the_end_of_a_leg_is_the_end() -> None:
    assert reachable(LEG, LegState.ENDED) == {LegState.ENDED}
    assert not [what for what, step in LEG[LegState.ENDED].items() if step.do in (LegAction.RAISE, LegAction.MISUSE)]


def test_a_leg_can_be_released_in_every_state() -> None:
    assert not [s for s in LegState if LEG[s][LegInput.RELEASE].do in (LegAction.RAISE, LegAction.MISUSE)]


def test_a_peer_can_send_anything_in_a_dialog_whenever_there_is_one() -> None:
    without_dialog = (LegState.CALLING, LegState.RINGING, LegState.WITHDRAWN, LegState.CANCELLING)
    wire = (LegInput.BYE, LegInput.INFO, LegInput.REINVITE)

    raising = {s for s in LegState for what in wire if LEG[s][what].do is LegAction.RAISE}

    assert raising == set(without_dialog)


def test_every_action_of_a_leg_is_used() -> None:
    assert {step.do for row in LEG.values() for step in row.values()} == set(LegAction)


def test_every_action_of_a_reinvite_is_used() -> None:
    assert {step.do for row in reoffer_fsm.REOFFER.values() for step in row.values()} == set(ReofferAction)


def test_a_closed_reinvite_stays_closed() -> None:
    assert reachable(REOFFER, ReofferState.CLOSED) == {ReofferState.CLOSED}
