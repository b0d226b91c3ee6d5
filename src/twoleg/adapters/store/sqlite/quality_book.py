"""How well legs were heard: facts of ended calls, written by the engine in batches."""

from __future__ import annotations

import json
from collections.abc import Mapping

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.writes import Writes
from twoleg.domain.call import Role
from twoleg.domain.quality import LegQuality

_PUT = query("put_leg_qualities")
_OF = query("leg_qualities")


class SqliteQualityBook:
    """The `QualityBook`."""

    def __init__(self, writes: Writes, reads: Reads) -> None:
        self._writes = writes
        self._reads = reads

    def put(self, calls: Mapping[int, Mapping[Role, LegQuality]]) -> None:
        """See `QualityBook.put`: one transaction, however many."""
        listed = [
            [
                str(serial),  # as text: JSON numbers of other makers end at 2^53
                role.value,
                leg.packets,
                leg.lost,
                leg.loss,
                leg.jitter,
                leg.round_trip,
                leg.mos,
                int(leg.was_silent),
            ]
            for serial, legs in calls.items()
            for role, leg in legs.items()
        ]
        self._writes.change(_PUT, (json.dumps(listed),))

    def of(self, serial: int) -> Mapping[Role, LegQuality]:
        """See `QualityBook.of`."""
        return {
            Role(role): LegQuality(packets, lost, loss, jitter, round_trip, mos, bool(was_silent))
            for role, packets, lost, loss, jitter, round_trip, mos, was_silent in self._reads.all(_OF, serial)
        }
