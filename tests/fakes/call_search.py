"""The `CallSearch` in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twoleg.application.call_search import CallFilter, CallPage, CallProgress, Place
from twoleg.domain.call import Call, Phase
from twoleg.domain.guard_rules import Counts, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fakes.store import Kept


class MemoryCallSearch:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def page(self, wanted: CallFilter, *, behind: Place, limit: int) -> CallPage:
        found = [call for call in self._newest_first() if _place(call) < behind and _matches(call, wanted)]
        return CallPage(found[:limit], _place(found[limit - 1]) if len(found) > limit else None)

    def placed_with(self, tenant_id: str, key: str, *, since: int) -> int | None:
        _, serial, at = self._kept.spent_keys.get((tenant_id, key), (b"", 0, since))
        return serial if at > since else None

    def progress(self, tenant_id: str, serials: Iterable[int]) -> Mapping[int, CallProgress]:
        calls = {serial: self._kept.calls.get(serial) for serial in serials}
        return {
            serial: CallProgress(
                serial,
                call.phase,
                call.reason,
                call.cause,
                call.seq,
                call.created_at,
                call.started_at,
                call.talking_at,
                call.ended_at,
            )
            for serial, call in calls.items()
            if call is not None and call.tenant_id == tenant_id
        }

    def pending(self, tenant_id: str, *, caller: str, called: str) -> int | None:
        for call in self._newest_first():
            pair = (call.tenant_id, call.agent.number, call.customer.number)
            if pair == (tenant_id, caller, called) and call.phase < Phase.TALKING:
                return call.serial
        return None

    def placed_since(self, tenant_id: str, since: int, *, limit: int) -> int:
        placed = sum(call.tenant_id == tenant_id and call.created_at >= since for call in self._kept.calls.values())
        return min(placed, limit)

    def counts(self, tenant_id: str, watch: Watch, *, now_ms: int) -> Counts:
        own = [call for call in self._kept.calls.values() if call.tenant_id == tenant_id]
        budget = watch.guards.number_budget
        since = now_ms - (budget.seconds * 1000 if budget else 0)
        return Counts(
            unwanted=self._unwanted(tenant_id, watch),
            living=sum(call.phase is not Phase.ENDED for call in own),
            last_second=sum(now_ms - 1000 < call.created_at <= now_ms + 1000 for call in own),
            to_number=sum(call.customer.number in watch.called and call.created_at > since for call in own),
        )

    def _unwanted(self, tenant_id: str, watch: Watch) -> str | None:
        listed = self._kept.unwanted.get(tenant_id, {}).keys() if watch.has_list else set()
        spelled = (("called", watch.called), ("caller", watch.caller))
        return next((member for member, spellings in spelled if listed & set(spellings)), None)

    def _newest_first(self) -> list[Call]:
        return sorted(self._kept.calls.values(), key=_place, reverse=True)


def _place(call: Call) -> Place:
    return Place(call.created_at, call.serial)


def _matches(call: Call, wanted: CallFilter) -> bool:
    asked = (
        (wanted.state, call.state),
        (wanted.caller, call.agent.number),
        (wanted.called, call.customer.number),
        (wanted.reason, call.reason),
    )
    return (
        call.tenant_id == wanted.tenant_id
        and wanted.created_from <= call.created_at < wanted.created_before
        and all(value in (None, known) for value, known in asked)
    )
