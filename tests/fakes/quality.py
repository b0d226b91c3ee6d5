"""How well legs were heard, kept in memory by the contract of `QualityBook`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from twoleg.domain.call import Role
from twoleg.domain.quality import LegQuality

if TYPE_CHECKING:
    from fakes.store import Kept


class MemoryQualityBook:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def put(self, calls: Mapping[int, Mapping[Role, LegQuality]]) -> None:
        self._kept.check()
        for serial, legs in calls.items():
            if serial in self._kept.calls:
                self._kept.quality.setdefault(serial, {}).update(legs)

    def of(self, serial: int) -> Mapping[Role, LegQuality]:
        return dict(self._kept.quality.get(serial, {}))
