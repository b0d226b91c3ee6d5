"""Counting what a tenant's guards ask for: the same for a call that is placed and for one that is rehearsed."""

from __future__ import annotations

import json
from collections.abc import Callable

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.rows import Row
from twoleg.domain.guard_rules import Counts, Watch

_LIVING = query("count_living")
_PLACED = query("count_placed_within")
_TO_NUMBER = query("count_to_number")
_UNWANTED = query("unwanted_number")

_SECOND_MS = 1000

Ask = Callable[..., Row | None]
"""A query and its parameters in, its first row out."""


def count(ask: Ask, *, tenant_id: str, watch: Watch, now_ms: int) -> Counts:
    """What the guards have to know. Inside the transaction that places the call, nobody else can slip in between."""
    return Counts(
        unwanted=_unwanted(ask, tenant_id, watch),
        living=_living(ask, tenant_id, watch),
        last_second=_last_second(ask, tenant_id, watch, now_ms),
        to_number=_to_number(ask, tenant_id, watch, now_ms),
    )


def _unwanted(ask: Ask, tenant_id: str, watch: Watch) -> str | None:
    if not watch.has_list:
        return None
    for member, spellings in (("called", watch.called), ("caller", watch.caller)):
        if ask(_UNWANTED, json.dumps(spellings), tenant_id) is not None:
            return member
    return None


def _living(ask: Ask, tenant_id: str, watch: Watch) -> int:
    limit = watch.guards.concurrent_calls
    return 0 if limit is None else _counted(ask(_LIVING, tenant_id, limit))


def _last_second(ask: Ask, tenant_id: str, watch: Watch, now_ms: int) -> int:
    limit = watch.guards.calls_a_second
    if limit is None:
        return 0
    return _counted(ask(_PLACED, tenant_id, now_ms - _SECOND_MS, now_ms + _SECOND_MS, limit))


def _to_number(ask: Ask, tenant_id: str, watch: Watch, now_ms: int) -> int:
    budget = watch.guards.number_budget
    if budget is None:
        return 0
    since = now_ms - budget.seconds * 1000
    return _counted(ask(_TO_NUMBER, json.dumps(watch.called), tenant_id, since, budget.calls))


def _counted(row: Row | None) -> int:
    return 0 if row is None else int(row[0])
