"""The port by which the quality of ended calls' legs is kept, and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twoleg.domain.call import Role
from twoleg.domain.quality import LegQuality


class QualityNotes(Protocol):
    """Takes the facts of a call whose media is over."""

    def __call__(self, serial: int, legs: Mapping[Role, LegQuality], /) -> None:
        """On the loop; returns at once. They are kept soon: a crash right after may lose them."""


class QualityReader(Protocol):
    """Reads what is kept; by index. Raises `StoreUnavailable`."""

    def of(self, serial: int) -> Mapping[Role, LegQuality]:
        """What is kept of a call; empty when its media had no relay, or it never came to talking."""


class QualityBook(QualityReader, Protocol):
    """Where they are kept, beside the call and as long as it. May block; raises `StoreUnavailable`."""

    def put(self, calls: Mapping[int, Mapping[Role, LegQuality]]) -> None:
        """Keep the legs of these calls, by serial; again: instead of what was kept.

        A call that is not (any more) in the store is passed over.
        """
