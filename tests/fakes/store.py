"""A store in memory that keeps to the contracts of the ports (tests/contract runs over it as over the real one).

`MemoryStore().journal()` commits when it is told to (`commit`): a test decides what is durable. Given a loop it commits
by itself, soon. While `break_down` holds, changes are refused and steps are kept; `mend` ends that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace

from fakes.administration import MemoryAuditLog, MemoryUnwantedBook
from fakes.call_search import MemoryCallSearch
from fakes.on_wire import WireNotes
from fakes.quality import MemoryQualityBook
from fakes.recordings import MemoryRecordingBook, Shelf
from fakes.webhooks import KeptWebhooks, MemoryEndpointBook, MemoryOutbox
from twoleg.application.call_records import CallRecord, RecordsFound, RecordsWanted
from twoleg.application.call_reports import Report
from twoleg.application.errors import IdempotencyConflict, NotFound, SerialTaken, StoreUnavailable
from twoleg.application.event_feed import Recorded
from twoleg.application.ports import App, CallStatus, Idempotency, Intent, Placed, SigningKey, TrunkState
from twoleg.application.recover_calls import LeftBehind
from twoleg.domain.audit import Entry
from twoleg.domain.call import Call, Phase, Role
from twoleg.domain.cdr import Cdr, cdr_of
from twoleg.domain.events import Event, EventType
from twoleg.domain.guard_rules import check_counts
from twoleg.domain.machine import Step
from twoleg.domain.quality import LegQuality
from twoleg.domain.tenant import Refusal, Refused, Tenant
from twoleg.domain.values import replace as changed

MS_A_DAY = 24 * 60 * 60 * 1000
PENDING = (Phase.QUEUED, Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER)


@dataclass(slots=True)
class Kept:
    """What is durable."""

    calls: dict[int, Call] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    positions: dict[tuple[int, int], int] = field(default_factory=dict)
    """Where the event of that serial and seq stands in the log."""
    cdrs: dict[int, Cdr] = field(default_factory=dict)
    hangups: dict[int, int] = field(default_factory=dict)
    on_wire: WireNotes = field(default_factory=WireNotes)
    spent_keys: dict[tuple[str, str], tuple[bytes, int, int]] = field(default_factory=dict)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    signing_keys: list[SigningKey] = field(default_factory=list)
    trunks: dict[str, TrunkState] = field(default_factory=dict)
    webhooks: KeptWebhooks = field(default_factory=KeptWebhooks)
    reports: dict[int, Report] = field(default_factory=dict)
    recordings: Shelf = field(default_factory=Shelf)
    quality: dict[int, dict[Role, LegQuality]] = field(default_factory=dict)
    unwanted: dict[str, dict[str, int]] = field(default_factory=dict)
    """Do-not-call lists by tenant: when each number was added."""
    audited: list[Entry] = field(default_factory=list)
    is_broken: bool = False

    def note(self, entry: Entry | None) -> None:
        """The audit log's part of a change."""
        if entry is not None:
            self.audited.append(entry)

    def check(self) -> None:
        if self.is_broken:
            raise StoreUnavailable("the store cannot be written: it is broken by the test")

    def tell_report(self, serial: int) -> None:
        """What was reported of an ended call becomes its event, once."""
        report, call = self.reports.get(serial), self.calls[serial]
        is_told = any(each.serial == serial and each.type is EventType.CALL_REPORTED for each in self.events)
        if report is None or call.ended_at is None or is_told:
            return
        seq = 1 + max(each.seq for each in self.events if each.serial == serial)
        self.calls[serial] = changed(call, seq=seq)
        at = max(report.at, call.ended_at)
        self.tell(
            Event(serial=serial, seq=seq, at=at, type=EventType.CALL_REPORTED, cause=report.cause, detail=report.detail)
        )

    def tell(self, *events: Event) -> None:
        for event in events:
            self.positions[event.serial, event.seq] = len(self.positions) + 1
        self.events.extend(events)


class MemoryStore:
    """The face of `SqliteStore`, without a file."""

    def __init__(self, kept: Kept | None = None) -> None:
        self.kept = kept or Kept()
        self._journals: list[MemoryJournal] = []

    def journal(self, loop: asyncio.AbstractEventLoop | None = None) -> MemoryJournal:
        journal = MemoryJournal(self.kept, loop)
        self._journals.append(journal)
        return journal

    def intake(self) -> MemoryIntake:
        return MemoryIntake(self.kept)

    def reader(self) -> MemoryReader:
        return MemoryReader(self.kept)

    def call_search(self) -> MemoryCallSearch:
        return MemoryCallSearch(self.kept)

    def event_feed(self) -> MemoryEventFeed:
        return MemoryEventFeed(self.kept)

    def call_records(self) -> MemoryCallRecords:
        return MemoryCallRecords(self.kept)

    def directory(self) -> MemoryDirectory:
        return MemoryDirectory(self.kept)

    def trunk_board(self) -> MemoryTrunkBoard:
        return MemoryTrunkBoard(self.kept)

    def registry(self) -> MemoryRegistry:
        return MemoryRegistry(self.kept)

    def recordings(self) -> MemoryRecordingBook:
        return MemoryRecordingBook(self.kept)

    def quality_book(self) -> MemoryQualityBook:
        return MemoryQualityBook(self.kept)

    def endpoint_book(self) -> MemoryEndpointBook:
        return MemoryEndpointBook(self.kept)

    def call_reports(self) -> MemoryCallReports:
        return MemoryCallReports(self.kept)

    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(self.kept)

    def unwanted_book(self) -> MemoryUnwantedBook:
        return MemoryUnwantedBook(self.kept)

    def audit_log(self) -> MemoryAuditLog:
        return MemoryAuditLog(self.kept)

    def purge(self, now_ms: int) -> int:
        self.kept.check()
        gone = [call.serial for call in self.kept.calls.values() if self._is_outlived(call, now_ms)]
        for serial in gone:
            del self.kept.calls[serial]
            self.kept.cdrs.pop(serial, None)
            self.kept.quality.pop(serial, None)
        self.kept.events = [event for event in self.kept.events if event.serial not in gone]
        self.kept.webhooks.forget_calls(gone)
        return len(gone)

    def close(self) -> None:
        for journal in self._journals:
            journal.commit()

    def break_down(self) -> None:
        self.kept.is_broken = True

    def mend(self) -> None:
        self.kept.is_broken = False
        for journal in self._journals:
            journal.commit_soon()

    def _is_outlived(self, call: Call, now_ms: int) -> bool:
        days = self.kept.tenants[call.tenant_id].retention_days
        return call.ended_at is not None and call.ended_at < now_ms - days * MS_A_DAY


class MemoryJournal:
    """The `CallJournal`; see the module."""

    def __init__(self, kept: Kept, loop: asyncio.AbstractEventLoop | None) -> None:
        self._kept = kept
        self._loop = loop
        self.held: deque[tuple[Step | None, Callable[[], None]]] = deque()
        """Steps that are not durable yet."""

    def append(self, step: Step, on_durable: Callable[[], None]) -> None:
        self.held.append((step, on_durable))
        self.commit_soon()

    def commit_soon(self) -> None:
        if self._loop is not None:
            self._loop.call_soon(self.commit)

    def commit(self, steps: int | None = None) -> int:
        """Make that many of the held steps durable, or all; answers how many it were: none while broken down."""
        done = 0
        while self.held and not self._kept.is_broken and (steps is None or done < steps):
            step, on_durable = self.held.popleft()
            if step is not None:
                self._write(step)
            done += 1
            if self._loop is None:
                on_durable()
            else:
                self._loop.call_soon(on_durable)
        return done

    def queued(self, known: Container[int] = ()) -> Sequence[Call]:
        return [call for call in self._in(Phase.QUEUED) if call.serial not in known]

    def overdue(self) -> Sequence[int]:
        return ()

    def left_behind(self) -> Sequence[LeftBehind]:
        return self._kept.on_wire.left_behind(call for _, call in sorted(self._kept.calls.items()))

    def live(self) -> Sequence[Call]:
        return self._in(Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER, Phase.TALKING)

    def hangup_requests(self) -> Sequence[int]:
        return sorted(self._kept.hangups, key=lambda serial: (self._kept.hangups[serial], serial))

    async def drained(self) -> None:
        if self._loop is None:
            self.commit()
            return
        reached = self._loop.create_future()
        self.held.append((None, lambda: reached.set_result(None)))
        self.commit_soon()
        await reached

    def _in(self, *phases: Phase) -> list[Call]:
        return [call for _, call in sorted(self._kept.calls.items()) if call.phase in phases]

    def _write(self, step: Step) -> None:
        before = self._kept.calls.get(step.call.serial, step.call)
        call = changed(step.call, seq=max(before.seq, step.call.seq))  # others may have told something after the end
        self._kept.calls[call.serial] = call
        self._kept.on_wire.take(step)
        self._kept.tell(*step.events)
        if call.phase is Phase.ENDED:
            self._kept.cdrs[call.serial] = cdr_of(call)
            self._kept.hangups.pop(call.serial, None)
            self._kept.tell_report(call.serial)


class MemoryCallReports:
    """The `CallReports`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def add(self, report: Report) -> bool:
        await asyncio.sleep(0)
        self._kept.check()
        call = self._kept.calls.get(report.serial)
        if call is None or call.tenant_id != report.tenant_id:
            return False
        self._kept.reports.setdefault(report.serial, report)
        self._kept.tell_report(report.serial)
        return True


class MemoryIntake:
    """The `CallIntake`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def place(self, intent: Intent) -> Placed | Refused:
        await asyncio.sleep(0)  # like the real one, it answers in a later turn of the loop
        self._kept.check()
        return self._replay(intent) or self._refusal(intent) or self._place(intent)

    async def request_hangup(self, serial: int, *, at: int) -> None:
        await asyncio.sleep(0)
        self._kept.check()
        call = self._kept.calls.get(serial)
        if call is not None and call.phase is not Phase.ENDED:
            self._kept.hangups.setdefault(serial, at)

    def _replay(self, intent: Intent) -> Placed | None:
        if intent.idempotency is None:
            return None
        body_hash, serial, at = self._kept.spent_keys.get(
            self._key(intent, intent.idempotency), (b"", 0, -MS_A_DAY * 10**6)
        )
        if at <= intent.call.created_at - MS_A_DAY:
            return None
        if body_hash != intent.idempotency.body_hash:
            raise IdempotencyConflict("another body")
        return Placed(serial, replayed=True)

    def _refusal(self, intent: Intent) -> Refused | None:
        call = intent.call
        if intent.refused is not None:
            return intent.refused
        of_tenant = [other for other in self._kept.calls.values() if other.tenant_id == call.tenant_id]
        today = sum(other.created_at >= intent.day_start for other in of_tenant)
        if intent.calls_a_day is not None and today >= intent.calls_a_day:
            return Refused(Refusal.TRIAL_LIMIT)
        if intent.watch is not None:
            counts = MemoryCallSearch(self._kept).counts(call.tenant_id, intent.watch, now_ms=call.created_at)
            if refused := check_counts(intent.watch.guards, counts):
                return refused
        if call.serial in self._kept.calls:
            raise SerialTaken(str(call.serial))
        if any(other.phase in PENDING and _pair(other) == _pair(call) for other in of_tenant):
            return Refused(Refusal.DUPLICATE)
        if call.tenant_id not in self._kept.tenants:
            raise NotFound(call.tenant_id)
        return None

    def _place(self, intent: Intent) -> Placed:
        call = intent.call
        self._kept.calls[call.serial] = call
        if intent.record_as is not None:
            self._kept.recordings.want(call.serial, call.tenant_id, intent.record_as, call.created_at)
        self._kept.webhooks.ordered[call.serial] = (intent.callback_url, intent.agent_work_no)
        if intent.callback_url is not None:
            newest = len(self._kept.positions)
            self._kept.webhooks.provide_for_callback(call.tenant_id, cursor=newest, at=call.created_at)
        self._kept.tell(Event(serial=call.serial, seq=call.seq, at=call.created_at, type=EventType.CALL_QUEUED))
        if intent.idempotency is not None:
            spent = (intent.idempotency.body_hash, call.serial, call.created_at)
            self._kept.spent_keys[self._key(intent, intent.idempotency)] = spent
        return Placed(call.serial)

    def _key(self, intent: Intent, idempotency: Idempotency) -> tuple[str, str]:
        return intent.call.tenant_id, idempotency.key


def _pair(call: Call) -> tuple[str, str]:
    return call.agent.number, call.customer.number


class MemoryReader:
    """The `CallReader`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def status(self, serial: int, tenant_id: str) -> CallStatus | None:
        call = self._kept.calls.get(serial)
        if call is None or call.tenant_id != tenant_id:
            return None
        return CallStatus(
            phase=call.phase,
            reason=call.reason,
            cause=call.cause,
            caller=call.agent.number,
            called=call.customer.number,
            caller_present=call.customer.clip,
            agent_present=call.agent.clip,
            call_data=call.call_data,
            started_at=call.started_at,
            ended_at=call.ended_at,
        )

    def call(self, serial: int) -> Call | None:
        return self._kept.calls.get(serial)


class MemoryCallRecords:
    """The `CallRecords`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def find(self, wanted: RecordsWanted) -> RecordsFound:
        found = [call for call in self._kept.calls.values() if _is_wanted(call, wanted)]
        found.sort(key=lambda call: (_begun_at(call), call.serial), reverse=True)
        page = found[wanted.offset : wanted.offset + wanted.limit]
        return RecordsFound(len(found), [_record(call) for call in page])


def _begun_at(call: Call) -> int:
    return call.created_at if call.started_at is None else call.started_at


def _is_wanted(call: Call, wanted: RecordsWanted) -> bool:
    is_callers = wanted.caller in (None, call.agent.number)
    return call.tenant_id == wanted.tenant_id and is_callers and wanted.since <= _begun_at(call) <= wanted.until


def _record(call: Call) -> CallRecord:
    return CallRecord(
        serial=call.serial,
        phase=call.phase,
        reason=call.reason,
        cause=call.cause,
        caller=call.agent.number,
        called=call.customer.number,
        caller_present=call.customer.clip,
        agent_present=call.agent.clip,
        call_data=call.call_data,
        created_at=call.created_at,
        started_at=call.started_at,
        ended_at=call.ended_at,
        agent_ringing_at=call.agent.ringing_at,
        agent_answered_at=call.agent.answered_at,
        agent_released_at=call.agent.released_at,
        customer_ringing_at=call.customer.ringing_at,
        customer_answered_at=call.customer.answered_at,
        customer_released_at=call.customer.released_at,
    )


class MemoryEventFeed:
    """The `EventFeed`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def newest(self) -> int:
        return len(self._kept.positions)

    def after(self, position: int, *, limit: int) -> Sequence[Recorded]:
        return [each for each in self._all() if each.position > position][:limit]

    def of_tenant(self, tenant_id: str, *, after: int, limit: int) -> Sequence[Recorded]:
        return [each for each in self._all() if each.tenant_id == tenant_id and each.position > after][:limit]

    def of_call(self, serial: int, *, after: int, limit: int) -> Sequence[Recorded]:
        return [each for each in self._all() if each.event.serial == serial and each.event.seq > after][:limit]

    def position_of(self, tenant_id: str, *, serial: int, seq: int) -> int | None:
        wanted = (tenant_id, serial, seq)
        found = (each for each in self._all() if (each.tenant_id, each.event.serial, each.event.seq) == wanted)
        return next((each.position for each in found), None)

    def newest_of_tenant(self, tenant_id: str) -> tuple[int, int] | None:
        own = [each.event for each in self._all() if each.tenant_id == tenant_id]
        return (own[-1].serial, own[-1].seq) if own else None

    def _all(self) -> list[Recorded]:
        return [self._recorded(event) for event in self._kept.events]

    def _recorded(self, event: Event) -> Recorded:
        call = self._kept.calls[event.serial]
        return Recorded(
            position=self._kept.positions[event.serial, event.seq],
            tenant_id=call.tenant_id,
            caller=call.agent.number,
            called=call.customer.number,
            call_data=call.call_data,
            event=event,
        )


class MemoryTrunkBoard:
    """The `TrunkBoard`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def put(self, state: TrunkState) -> None:
        self._kept.check()
        self._kept.trunks[state.name] = state

    def clear(self) -> None:
        self._kept.check()
        self._kept.trunks.clear()

    def states(self) -> Sequence[TrunkState]:
        return [state for _, state in sorted(self._kept.trunks.items())]


class MemoryDirectory:
    """The `Directory`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def tenant(self, tenant_id: str) -> Tenant | None:
        tenant = self._kept.tenants.get(tenant_id)
        return tenant and replace(tenant, has_do_not_call=bool(self._kept.unwanted.get(tenant_id)))

    def tenants(self) -> Sequence[Tenant]:
        return list(self._kept.tenants.values())

    def app(self, app_key: str) -> App | None:
        return self._kept.apps.get(app_key)

    def apps(self, tenant_id: str | None = None) -> Sequence[App]:
        return [app for app in self._kept.apps.values() if tenant_id in (None, app.tenant_id)]

    def is_enabled(self, app_key: str) -> bool:
        app = self._kept.apps.get(app_key)
        return app is not None and app.enabled

    def signing_keys(self) -> Sequence[SigningKey]:
        placed = sorted(enumerate(self._kept.signing_keys), key=lambda each: (each[1].created_at, each[0]))
        return [key for _, key in reversed(placed)]


class MemoryRegistry:
    """The `Registry`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def add_tenant(self, tenant: Tenant, *, at: int, note: Entry | None = None) -> None:
        self._kept.check()
        if tenant.tenant_id in self._kept.tenants:
            raise ValueError(f"tenant {tenant.tenant_id} exists already")
        self._kept.tenants[tenant.tenant_id] = tenant
        self._kept.note(note)

    def change_tenant(self, tenant: Tenant, *, note: Entry | None = None) -> None:
        self._kept.check()
        if tenant.tenant_id not in self._kept.tenants:
            raise NotFound(tenant.tenant_id)
        self._kept.tenants[tenant.tenant_id] = tenant
        self._kept.note(note)

    def add_app(self, app: App, *, note: Entry | None = None) -> None:
        self._kept.check()
        if app.tenant_id not in self._kept.tenants:
            raise NotFound(app.tenant_id)
        if app.app_key in self._kept.apps:
            raise ValueError(f"app {app.app_key} exists already")
        self._kept.apps[app.app_key] = app
        self._kept.note(note)

    def disable_app(self, app_key: str, *, at: int, note: Entry | None = None) -> bool:
        self._kept.check()
        app = self._kept.apps.get(app_key)
        if app is None:
            return False
        self._kept.apps[app_key] = replace(app, enabled=False)
        self._kept.note(note)
        return True

    def add_signing_key(self, key: SigningKey, *, at: int, note: Entry | None = None) -> None:
        self._kept.check()
        if any(key.key_id == other.key_id for other in self._kept.signing_keys):
            raise ValueError(f"signing key {key.key_id} exists already")
        self._kept.signing_keys.append(replace(key, created_at=at))
        self._kept.note(note)

    def remove_signing_keys(self, key_ids: Sequence[str], *, note: Entry | None = None) -> None:
        self._kept.check()
        self._kept.signing_keys = [key for key in self._kept.signing_keys if key.key_id not in key_ids]
        self._kept.note(note)
