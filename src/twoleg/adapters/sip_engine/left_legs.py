"""Taking over the legs that a dead engine left on the wire, so that they end like all others: by `Release`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from twoleg.adapters.sip_engine.legs import EngineCall, LegBook
from twoleg.adapters.sip_engine.records import read_note
from twoleg.adapters.sip_engine.ways import Ways
from twoleg.application.ladder.ports import CallRecorder
from twoleg.domain.call import Call, Role
from twoleg.domain.on_wire import LegOnWire
from twoleg.sip.events import LegId
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.shell import Shell


class TakeOverLog(Protocol):
    """Where it is said that a leg could not be taken over."""

    def fault(self, serial: int | None, error: Exception) -> None:
        """Its phone may wait until it hangs up by itself."""


class LeftLegs:
    """The engine's part of recovery. Runs on the shell's loop, at the start."""

    def __init__(
        self, *, shell: Shell[UserAgent], book: LegBook, ways: Ways, recorder: CallRecorder, log: TakeOverLog
    ) -> None:
        """`recorder` is told whose each Call-ID is."""
        self._shell = shell
        self._agent = shell.agent
        self._book = book
        self._ways = ways
        self._recorder = recorder
        self._log = log

    def take_over(self, call: Call, legs: Sequence[LegOnWire]) -> list[Role]:
        """See `Successor.take_over`; answers those of whom nothing could be taken over.

        Of several attempts the newest is the leg's; older ones, which nobody waits for, are ended at once.
        """
        entry = self._book.open(call)
        lost = [role for role in Role if not self._taken(entry, role, [leg for leg in legs if leg.role is role])]
        self._shell.wake()
        return lost

    def _taken(self, entry: EngineCall, role: Role, legs: Sequence[LegOnWire]) -> bool:
        revived = [leg for leg in map(partial(self._revived, entry.call), legs) if leg is not None]
        entry.silent.add(role)
        for older in revived[:-1]:
            self._agent.release(older, now=self._shell.now())
        if revived:
            self._book.bind(entry, role, revived[-1])
        return bool(revived) or not legs

    def _revived(self, call: Call, leg: LegOnWire) -> LegId | None:
        try:
            note = read_note(leg.record)
            revived = self._agent.revive(
                note.leg, credentials=self._ways.credentials(note.trunk), now=self._shell.now()
            )
            self._recorder.leg(call.serial, leg.role, self._agent.call_id(revived))
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the call has to end all the same
            self._log.fault(call.serial, error)
            return None
        return revived
