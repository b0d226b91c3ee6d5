"""Do-not-call lists and the audit log in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twoleg.application.audit import Recorded
from twoleg.application.do_not_call import Unwanted
from twoleg.application.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.store import Kept
    from twoleg.domain.audit import Entry


class MemoryUnwantedBook:
    """The `UnwantedBook`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def add(self, tenant_id: str, numbers: Sequence[str], *, note: Entry) -> int:
        self._kept.check()
        if tenant_id not in self._kept.tenants:
            raise NotFound(tenant_id)
        listed = self._kept.unwanted.setdefault(tenant_id, {})
        new = set(numbers) - listed.keys()
        listed |= dict.fromkeys(new, note.at)
        if new:
            self._kept.note(note)
        return len(new)

    def remove(self, tenant_id: str, numbers: Sequence[str], *, note: Entry) -> int:
        self._kept.check()
        listed = self._kept.unwanted.get(tenant_id, {})
        gone = [number for number in numbers if listed.pop(number, None) is not None]
        if gone:
            self._kept.note(note)
        return len(gone)

    def listed(self, tenant_id: str, *, behind: str = "", limit: int) -> Sequence[Unwanted]:
        listed = sorted(self._kept.unwanted.get(tenant_id, {}).items())
        return [Unwanted(number, at) for number, at in listed if number > behind][:limit]


class MemoryAuditLog:
    """The `AuditLog`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def add(self, entry: Entry) -> None:
        self._kept.check()
        self._kept.note(entry)

    def newest(self, *, limit: int, tenant_id: str | None = None) -> Sequence[Recorded]:
        numbered = [Recorded(place, entry) for place, entry in enumerate(self._kept.audited, 1)]
        return [each for each in numbered if tenant_id in (None, each.entry.tenant_id)][-limit:]
