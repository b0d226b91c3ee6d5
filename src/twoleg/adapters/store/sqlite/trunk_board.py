"""The state of trunks, written by the engine and read by operators."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.writes import Writes
from twoleg.application.ports import TrunkState

_PUT = query("put_trunk_state")
_CLEAR = query("clear_trunk_states")
_STATES = query("trunk_states")


class SqliteTrunkBoard:
    """The `TrunkBoard`."""

    def __init__(self, writes: Writes, reads: Reads) -> None:
        self._writes = writes
        self._reads = reads

    def put(self, state: TrunkState) -> None:
        """See `TrunkBoard.put`."""
        self._writes.change(_PUT, rows.trunk_state_row(state))

    def clear(self) -> None:
        """See `TrunkBoard.clear`."""
        self._writes.change(_CLEAR, ())

    def states(self) -> Sequence[TrunkState]:
        """See `TrunkBoard.states`."""
        return [rows.trunk_state_from(row) for row in self._reads.all(_STATES)]
