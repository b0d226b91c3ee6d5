"""The port of the audit log. Changes write their entry in their own transaction; this is for the rest, and to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twoleg.domain.audit import Entry


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry in its place."""

    position: int
    entry: Entry


class AuditLog(Protocol):
    """Append-only: nothing here, and no statement on the table, changes or removes an entry."""

    def add(self, entry: Entry) -> None:
        """Note what was done; durable when it returns. Raises `StoreUnavailable`."""

    def newest(self, *, limit: int, tenant_id: str | None = None) -> Sequence[Recorded]:
        """The last so many, of one tenant or of all; oldest first. Raises `StoreUnavailable`."""
