"""What the peers of one test lived through, told by themselves: the stuff that docs/interop.md is made of.

Nobody listens unless the page is being written (`make interop-table`); then telling costs a test nothing but its names.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class Account:
    """One test's."""

    phones: list[tuple[str, Callable[[], str]]] = field(default_factory=list)
    """Each phone's name, and what asks it for its story once the test is over."""
    states: dict[str, list[str]] = field(default_factory=dict)
    """By serial: the states that queryCallState told, each once; the last one with its reason."""


_listening: list[Account] = []


@contextmanager
def listen() -> Iterator[Account]:
    """Until the block ends, all that is told goes into this account."""
    account = Account()
    _listening.append(account)
    try:
        yield account
    finally:
        _listening.remove(account)


def phone(name: str, story: Callable[[], str]) -> None:
    """A phone was started."""
    for account in _listening:
        account.phones.append((name, story))


def answer(serial: str, result: dict[str, Any]) -> None:
    """queryCallState was answered."""
    for account in _listening:
        states = account.states.setdefault(serial, [])
        state = f"{result['state']}" + (f", reason {result['reasonCode']}" if "reasonCode" in result else "")
        if states[-1:] != [state]:
            states.append(state)
