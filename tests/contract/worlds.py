"""A store with what a contract test needs around it: opening it again, breaking it, mending it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from domain.calls import T0, a_call
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from fakes.sealer import OpenSealer
from fakes.store import MemoryStore
from full_disk import full_disk
from twoleg.adapters.store.sqlite import open_store
from twoleg.application.audit import AuditLog
from twoleg.application.call_records import CallRecords
from twoleg.application.call_reports import CallReports
from twoleg.application.call_search import CallSearch
from twoleg.application.do_not_call import UnwantedBook
from twoleg.application.event_feed import EventFeed
from twoleg.application.ports import CallIntake, CallJournal, CallReader, Directory, Intent, TrunkBoard
from twoleg.application.quality import QualityBook
from twoleg.application.recording_book import RecordingBook
from twoleg.application.registry import Registry
from twoleg.application.webhook_ports import EndpointBook, Outbox
from twoleg.domain.call import Call
from twoleg.domain.machine import Step, step
from twoleg.domain.signals import Signal
from twoleg.domain.tenant import Profile, Tenant
from twoleg.domain.values import replace

TENANT = "t1"


class Store(Protocol):
    """What the composition root is handed."""

    def journal(self, loop: asyncio.AbstractEventLoop) -> CallJournal: ...
    def intake(self) -> CallIntake: ...
    def reader(self) -> CallReader: ...
    def event_feed(self) -> EventFeed: ...
    def call_search(self) -> CallSearch: ...
    def call_records(self) -> CallRecords: ...
    def directory(self) -> Directory: ...
    def trunk_board(self) -> TrunkBoard: ...
    def registry(self) -> Registry: ...
    def recordings(self) -> RecordingBook: ...
    def quality_book(self) -> QualityBook: ...
    def endpoint_book(self) -> EndpointBook: ...
    def outbox(self) -> Outbox: ...
    def call_reports(self) -> CallReports: ...
    def audit_log(self) -> AuditLog: ...
    def unwanted_book(self) -> UnwantedBook: ...
    def purge(self, now_ms: int) -> int: ...
    def close(self) -> None: ...


class World(ABC):
    """One kind of store."""

    store: Store

    @abstractmethod
    def opened(self) -> Store:
        """The same store once more, as another process would have it."""

    @abstractmethod
    @contextmanager
    def trouble(self) -> Iterator[None]:
        """While it lasts nothing can be written."""

    def reopen(self) -> None:
        self.store.close()
        self.store = self.opened()

    def close(self) -> None:
        self.store.close()

    def add_tenant(self, tenant_id: str, *, retention_days: int = 90) -> Tenant:
        tenant = Tenant(
            tenant_id=tenant_id,
            name=f"tenant {tenant_id}",
            profile=Profile.AICC,
            access_codes=("640003",),
            retention_days=retention_days,
        )
        self.store.registry().add_tenant(tenant, at=T0)
        return tenant


class SqliteWorld(World):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = NotedLog()
        self.store = self.opened()

    def opened(self) -> Store:
        return open_store(f"sqlite:///{self.path}", clock=DrivenClock(), logger=self.log, sealer=OpenSealer())

    @contextmanager
    def trouble(self) -> Iterator[None]:
        with full_disk():
            yield


class MemoryWorld(World):
    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.store = self.memory

    def opened(self) -> Store:
        return MemoryStore(self.memory.kept)

    @contextmanager
    def trouble(self) -> Iterator[None]:
        self.memory.break_down()
        try:
            yield
        finally:
            self.memory.mend()


def numbered(number: int, *, tenant_id: str = TENANT, created_at: int = T0) -> Call:
    """The queued call of that serial, between two numbers of its own."""
    call = a_call(serial=number, tenant_id=tenant_id, created_at=created_at)
    return replace(
        call,
        agent=replace(call.agent, number=f"+49{number}"),
        customer=replace(call.customer, number=f"+86{number}"),
    )


@dataclass
class Told:
    """Leads one call through its machine into a journal, and notes what became durable."""

    journal: CallJournal
    call: Call
    durable: list[Call] = field(default_factory=list)
    now: int = T0

    def tell(self, *signals: Signal, then: Callable[[], None] = lambda: None) -> Call:
        for signal in signals:
            self.now += 1
            taken = step(self.call, signal, self.now)
            self.call = taken.call
            if taken.changed:
                self._append(taken, then)
        return self.call

    def _append(self, taken: Step, then: Callable[[], None]) -> None:
        def on_durable() -> None:
            self.durable.append(taken.call)
            then()

        self.journal.append(taken, on_durable)


async def placed(world: World, *calls: Call) -> None:
    """Store those calls as queued."""
    intake = world.store.intake()
    await asyncio.gather(*(intake.place(Intent(call)) for call in calls))
