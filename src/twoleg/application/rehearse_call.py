"""Use case: what would happen if this call were placed now? Nothing is stored and nobody is rung."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twoleg.application.call_rules import CallRules
from twoleg.application.call_search import CallSearch
from twoleg.application.place_call import DAY_MS, displayed
from twoleg.application.ports import Clock, TrunkBoard, TrunkState
from twoleg.domain.call import Role
from twoleg.domain.errors import NoRoute
from twoleg.domain.guard_rules import check_counts
from twoleg.domain.tenant import TRIAL_CALLS_A_DAY, CallRequest, Refusal, Refused, Tenant
from twoleg.domain.trunk import Trunk, choose_trunks


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trunk that would be tried."""

    trunk: str
    priority: int
    weight: int
    """Among equals in priority, which of them comes first is chance, by weight."""
    dialled: str
    """The number as that trunk would be told it."""
    shown: str
    """The displayed number as that trunk would be told it."""
    is_up: bool
    why: str | None
    """In a few words, where its state is watched."""


@dataclass(frozen=True, slots=True)
class RehearsedLeg:
    """How a phone would be reached."""

    role: Role
    number: str
    shown: str
    candidates: tuple[Candidate, ...]
    """In the order of trying; none: no trunk takes this number."""

    @property
    def is_reachable(self) -> bool:
        """Whether there is a trunk to try."""
        return any(candidate.is_up for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would happen."""

    refused: Refused | None
    """The first rule that would refuse the call; None: it would be taken."""
    agent: RehearsedLeg
    customer: RehearsedLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseCall:
    """Asks the same rules, in the same order, as placing and dialling do."""

    search: CallSearch
    board: TrunkBoard
    trunks: Sequence[Trunk]
    clock: Clock
    rules: CallRules

    def __call__(self, tenant: Tenant, request: CallRequest) -> Rehearsal:
        """Raises `StoreUnavailable`."""
        states = {state.name: state for state in self.board.states()}
        return Rehearsal(
            refused=self._refused(tenant, request),
            agent=self._leg(tenant, request, Role.AGENT, states),
            customer=self._leg(tenant, request, Role.CUSTOMER, states),
        )

    def _refused(self, tenant: Tenant, request: CallRequest) -> Refused | None:
        now = self.clock.now_ms()
        return self.rules.broken(tenant, request, now_ms=now) or self._refused_by_store(tenant, request, now)

    def _refused_by_store(self, tenant: Tenant, request: CallRequest, now: int) -> Refused | None:
        if tenant.trial:
            placed = self.search.placed_since(tenant.tenant_id, now - now % DAY_MS, limit=TRIAL_CALLS_A_DAY)
            if placed >= TRIAL_CALLS_A_DAY:
                return Refused(Refusal.TRIAL_LIMIT)
        watch = self.rules.watch(tenant, request)
        if watch is not None:
            refused = check_counts(watch.guards, self.search.counts(tenant.tenant_id, watch, now_ms=now))
            if refused is not None:
                return refused
        if self.search.pending(tenant.tenant_id, caller=request.caller, called=request.called) is not None:
            return Refused(Refusal.DUPLICATE)
        return None

    def _leg(self, tenant: Tenant, request: CallRequest, role: Role, states: dict[str, TrunkState]) -> RehearsedLeg:
        number = request.caller if role is Role.AGENT else request.called
        shown = displayed(tenant, request, role)
        try:
            trunks = choose_trunks(self.trunks, number, tenant_id=tenant.tenant_id, draw=_in_order)
        except NoRoute:
            trunks = ()
        return RehearsedLeg(role, number, shown, tuple(_candidate(each, number, shown, states) for each in trunks))


def _in_order(_most: int) -> int:
    """No chance: equals come as they are configured."""
    return 0


def _candidate(trunk: Trunk, number: str, shown: str, states: dict[str, TrunkState]) -> Candidate:
    state = states.get(trunk.name)
    return Candidate(
        trunk=trunk.name,
        priority=trunk.priority,
        weight=trunk.weight,
        dialled=trunk.dialled(number),
        shown=trunk.shown(shown),
        is_up=state is None or state.is_up,
        why=None if state is None else state.why,
    )
