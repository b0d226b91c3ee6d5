"""What the journal's thread does: many steps become the fewest rows, in one transaction, and are reported in order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.call_reports import tell_reports
from twoleg.adapters.store.sqlite.group_writer import tell
from twoleg.adapters.store.sqlite.log import StoreLog
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.trouble import Trouble
from twoleg.domain.call import Call, Phase
from twoleg.domain.cdr import cdr_of
from twoleg.domain.machine import Step

_UPDATE_CALL = query("update_call")
_UPDATE_SEQ = query("update_seq")
_PUT_LEG = query("put_leg")
_PUT_ATTEMPT = query("put_attempt")
_ADD_EVENT = query("add_event")
_PUT_CDR = query("put_cdr")
_FORGET_HANGUP = query("forget_hangup")
_OVERRULED = query("overruled_calls")
_PUT_LEG_ON_WIRE = query("put_leg_on_wire")
_FORGET_LEG_ON_WIRE = query("forget_leg_on_wire")

_TRIES_WHEN_CLOSING = 10
"""A store in trouble holds up the end of the process for about five seconds, not for ever."""


class Entry(NamedTuple):
    """A step to be written and whom to tell. No step: nothing to write, it only keeps its place in the order."""

    step: Step | None
    on_durable: Callable[[], None]


class StepWork:
    """The `Work` of the journal.

    Keeps the last durable value of each living call: what did not change since is not written again.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, log: StoreLog) -> None:
        self._loop = loop
        self._log = log
        self._durable: dict[int, Call] = {}
        self._held_back: set[int] = set()
        """Calls with a step that cannot be written. Their later steps wait for it, and so for ever: such a call stays
        as it was last told, and recovery ends it at the next start."""

    def write(self, connection: sqlite3.Connection, batch: Sequence[Entry]) -> None:
        """Of a call with several steps only the last value is written; of events all are.

        Of a call whose record the sweeper closed only that is which concerns its phones: who is to be hung up on after
        a crash, and who is not any more.
        """
        overruled = {serial for (serial,) in connection.execute(_OVERRULED)}
        steps = [entry.step for entry in self._writable(batch) if entry.step is not None]
        write_steps(connection, [step for step in steps if step.call.serial not in overruled], durable=self._durable)
        _write_on_wire(connection, [step for step in steps if step.call.serial in overruled])

    def written(self, batch: Sequence[Entry]) -> None:
        """Remember what is durable, and run the callbacks on the loop: one wake-up for all of them."""
        told = list(self._writable(batch))
        for entry in told:
            if entry.step is not None and not entry.step.is_same_call:
                self._remember(entry.step.call)
        tell(self._loop, partial(_run_in_order, self._loop, told))

    def unwritable(self, item: Entry, error: Exception) -> None:
        """A bug, or two engines on one file. The call is held back, the others go on."""
        serial = None if item.step is None else item.step.call.serial
        self._log.error("a step cannot be stored; its call is held back", call=serial, error=repr(error))
        if serial is not None:
            self._held_back.add(serial)

    def gives_up(self, batch: Sequence[Entry], trouble: Trouble, *, closing: bool, tries: int) -> bool:
        """Never while the process lives."""
        if not closing or tries < _TRIES_WHEN_CLOSING:
            return False
        self._log.error("closed with steps that could not be stored", steps=len(batch), trouble=trouble.value)
        return True

    def _writable(self, batch: Iterable[Entry]) -> Iterator[Entry]:
        return (entry for entry in batch if entry.step is None or entry.step.call.serial not in self._held_back)

    def _remember(self, call: Call) -> None:
        if call.phase is Phase.ENDED:
            self._durable.pop(call.serial, None)
        else:
            self._durable[call.serial] = call


def write_steps(connection: sqlite3.Connection, steps: Sequence[Step], *, durable: Mapping[int, Call]) -> None:
    """Write them, inside a transaction of the caller's. `durable`: calls as they stand in the file, where known."""
    calls = {step.call.serial: step.call for step in steps if not step.is_same_call}
    ended = [call for call in calls.values() if call.phase is Phase.ENDED]
    moved = [call for call in calls.values() if _has_moved(call, durable.get(call.serial))]
    stayed = [call for call in calls.values() if not _has_moved(call, durable.get(call.serial))]
    connection.executemany(_UPDATE_CALL, [rows.progress_row(call) for call in moved])
    connection.executemany(_UPDATE_SEQ, [(call.seq, call.serial) for call in stayed])
    connection.executemany(_PUT_LEG, _changed_legs(calls.values(), durable))
    connection.executemany(_PUT_ATTEMPT, _changed_attempts(calls.values(), durable))
    _write_on_wire(connection, steps)
    connection.executemany(_ADD_EVENT, _event_rows(steps))
    connection.executemany(_PUT_CDR, [rows.cdr_row(cdr_of(call)) for call in ended])
    tell_reports(connection, [call.serial for call in ended])
    connection.executemany(_FORGET_HANGUP, [(call.serial,) for call in ended])


def _has_moved(call: Call, before: Call | None) -> bool:
    return before is None or before.phase is not call.phase


def _changed_legs(calls: Iterable[Call], durable: Mapping[int, Call]) -> Iterator[rows.Row]:
    for call in calls:
        before = durable.get(call.serial)
        if before is None or before.agent is not call.agent:
            yield rows.leg_row(call.serial, call.agent)
        if before is None or before.customer is not call.customer:
            yield rows.leg_row(call.serial, call.customer)


def _changed_attempts(calls: Iterable[Call], durable: Mapping[int, Call]) -> Iterator[rows.Row]:
    for call in calls:
        before = durable.get(call.serial)
        for leg in (call.agent, call.customer):
            known = () if before is None else before.leg(leg.role).attempts
            if leg.attempts is not known:
                new = (attempt for attempt in leg.attempts if attempt not in known)
                yield from (rows.attempt_row(call.serial, leg.role, attempt) for attempt in new)


def _event_rows(steps: Iterable[Step]) -> Iterator[rows.Row]:
    for step in steps:
        yield from (rows.event_row(event, tenant_id=step.call.tenant_id) for event in step.events)


def _write_on_wire(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Of a leg that came and went within the batch nothing is written: its last word follows all else of it."""
    gone = {(step.call.serial, role) for step in steps for role in step.over}
    kept = [(step.call.serial, each) for step in steps for each in step.kept]
    rows_kept = [
        (serial, each.role.value, each.number, each.record) for serial, each in kept if (serial, each.role) not in gone
    ]
    connection.executemany(_PUT_LEG_ON_WIRE, rows_kept)
    connection.executemany(_FORGET_LEG_ON_WIRE, [(serial, role.value) for serial, role in gone])


def _run_in_order(loop: asyncio.AbstractEventLoop, entries: Iterable[Entry]) -> None:
    for entry in entries:
        loop.call_soon(entry.on_durable)  # each by itself: what one of them raises is not the next one's trouble
