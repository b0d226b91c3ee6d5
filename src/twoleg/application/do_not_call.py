"""A tenant's do-not-call list: the port, and the use cases of its operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from twoleg.application.errors import ApplicationError
from twoleg.application.numbering import Numbering
from twoleg.application.ports import Clock
from twoleg.domain.audit import Act, Entry
from twoleg.domain.numbers import is_dialable
from twoleg.domain.tenant import Tenant

AT_ONCE = 10_000
"""Numbers of an import that share a transaction: some 20 ms, in which calls are not placed."""


class NoNumber(ApplicationError):
    """It is no number that can be called; the message says which."""


class Unwanted(NamedTuple):
    """A number that must not be called."""

    number: str
    added_at: int
    """Ms since the epoch."""


class UnwantedBook(Protocol):
    """The lists. Changes are durable when they return; all raise `StoreUnavailable`."""

    def add(self, tenant_id: str, numbers: Sequence[str], *, note: Entry) -> int:
        """Numbers that were not on the list and are now, of how many. Raises `NotFound` for an unknown tenant."""

    def remove(self, tenant_id: str, numbers: Sequence[str], *, note: Entry) -> int:
        """Numbers that were on the list and are not any more."""

    def listed(self, tenant_id: str, *, behind: str = "", limit: int) -> Sequence[Unwanted]:
        """Those that sort behind that number, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCall:
    """What operators do with a list. `who`: as in `Entry`."""

    book: UnwantedBook
    numbering: Numbering
    clock: Clock
    who: str

    def add(self, tenant: Tenant, numbers: Iterable[str]) -> int:
        """How many are new. Each is kept in E.164 where it can be told. Raises `NoNumber` before its lot is added."""
        added = 0
        for lot in _lots(numbers):
            kept = [self._kept_as(number, tenant) for number in lot]
            added += self.book.add(tenant.tenant_id, kept, note=self._note(Act.UNWANTED_ADDED, tenant, kept))
        return added

    def remove(self, tenant: Tenant, number: str) -> bool:
        """However it is spelled. False: it was not on the list."""
        spellings = self.numbering.facts(number, region=tenant.guards.region).spellings
        note = self._note(Act.UNWANTED_REMOVED, tenant, [number])
        return self.book.remove(tenant.tenant_id, spellings, note=note) > 0

    def listed(self, tenant: Tenant) -> Iterator[Unwanted]:
        """All of them, in order."""
        behind = ""
        while page := self.book.listed(tenant.tenant_id, behind=behind, limit=AT_ONCE):
            yield from page
            behind = page[-1].number

    def _kept_as(self, number: str, tenant: Tenant) -> str:
        if not is_dialable(number):
            raise NoNumber(f"{number}: must be 1-32 characters, digits with an optional leading +")
        facts = self.numbering.facts(number, region=tenant.guards.region)
        return facts.international or number

    def _note(self, act: Act, tenant: Tenant, numbers: Sequence[str]) -> Entry:
        facts = {"number": numbers[0]} if len(numbers) == 1 else {"numbers": len(numbers)}
        before, after = (facts, {}) if act is Act.UNWANTED_REMOVED else ({}, facts)
        return Entry(
            at=self.clock.now_ms(),
            who=self.who,
            act=act,
            subject=tenant.tenant_id,
            tenant_id=tenant.tenant_id,
            before=before,
            after=after,
        )


def _lots(numbers: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(numbers)
    while lot := list(islice(rest, AT_ONCE)):
        yield lot
