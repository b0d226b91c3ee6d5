"""Endpoints and deliveries in memory; tests/contract runs over them as over the real ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.json import decode, encode

from twoleg.application.errors import NotFound
from twoleg.application.event_feed import Recorded
from twoleg.application.webhook_ports import Attempted, CannotOpen, Delivery, EndpointChanged, Parcel, Subject
from twoleg.domain.audit import Entry
from twoleg.domain.delivery import FINAL, Ruling, State, moved
from twoleg.domain.values import replace
from twoleg.domain.webhooks import Credentials, Endpoint, Format, Planned, callbacks_of

if TYPE_CHECKING:
    from fakes.store import Kept

OPEN = (State.WAITING, State.DUE)


@dataclass(slots=True)
class KeptWebhooks:
    """What is durable."""

    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    sealed: dict[str, bytes] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    lanes: dict[int, str] = field(default_factory=dict)
    attempts: dict[int, list[Attempted]] = field(default_factory=dict)
    ordered: dict[int, tuple[str | None, int | None]] = field(default_factory=dict)
    """What came with a call: its callback URL and its agent's work number."""
    given: int = 0

    def provide_for_callback(self, tenant_id: str, *, cursor: int, at: int) -> None:
        endpoint_id = callbacks_of(tenant_id)
        if endpoint_id not in self.endpoints:
            self.endpoints[endpoint_id] = Endpoint(
                endpoint_id=endpoint_id, tenant_id=tenant_id, format=Format.AICC, created_at=at, cursor=cursor
            )

    def forget_calls(self, serials: Collection[int]) -> None:
        self.deliveries = {key: each for key, each in self.deliveries.items() if each.serial not in serials}

    def of(self, endpoint_id: str) -> list[Delivery]:
        return [each for each in self.deliveries.values() if each.endpoint_id == endpoint_id]


class OpenBox:
    """A `SecretBox` that hides nothing, and knows whose each seal is."""

    def seal(self, credentials: Credentials, *, label: str) -> bytes:
        return label.encode() + b" " + encode(credentials)

    def open(self, sealed: bytes, *, label: str) -> Credentials:
        owner, _, secrets = sealed.partition(b" ")
        if owner != label.encode():
            raise CannotOpen(label)
        return decode(secrets, type=Credentials)


class MemoryEndpointBook:
    """The `EndpointBook`."""

    def __init__(self, kept: Kept) -> None:
        self._store = kept
        self._kept = kept.webhooks

    def add(self, endpoint: Endpoint, sealed: bytes, *, note: Entry | None = None) -> None:
        self._store.check()
        if endpoint.tenant_id not in self._store.tenants:
            raise NotFound(endpoint.tenant_id)
        before = self._kept.endpoints.get(endpoint.endpoint_id)
        kept = endpoint if before is None else replace(endpoint, created_at=before.created_at, cursor=before.cursor)
        self._kept.endpoints[endpoint.endpoint_id] = kept
        self._kept.sealed[endpoint.endpoint_id] = sealed
        self._store.note(note)

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        return self._kept.endpoints.get(endpoint_id)

    def of_tenant(self, tenant_id: str) -> Sequence[Endpoint]:
        found = [each for each in self._kept.endpoints.values() if each.tenant_id == tenant_id]
        return sorted(found, key=lambda each: (each.created_at, each.endpoint_id))

    def sealed(self, endpoint_id: str) -> bytes | None:
        return self._kept.sealed.get(endpoint_id)

    def reseal(self, endpoint_id: str, sealed: bytes, *, was: bytes | None, note: Entry | None = None) -> None:
        self._store.check()
        if endpoint_id not in self._kept.endpoints or self._kept.sealed.get(endpoint_id) != was:
            raise EndpointChanged(endpoint_id)
        self._kept.sealed[endpoint_id] = sealed
        self._store.note(note)

    def remove(self, endpoint_id: str, *, note: Entry | None = None) -> None:
        self._store.check()
        self._store.note(note if endpoint_id in self._kept.endpoints else None)
        self._kept.endpoints.pop(endpoint_id, None)
        self._kept.sealed.pop(endpoint_id, None)
        for each in self._kept.of(endpoint_id):
            del self._kept.deliveries[each.delivery_id]

    def enable(self, endpoint_id: str, *, note: Entry | None = None) -> None:
        self._store.note(note)
        self._change(endpoint_id, lambda endpoint: replace(endpoint, disabled_at=None, disabled_why=None))

    def rewind(self, endpoint_id: str, cursor: int, *, note: Entry | None = None) -> None:
        self._store.note(note)
        self._change(endpoint_id, lambda endpoint: replace(endpoint, cursor=cursor))

    def deliveries(self, endpoint_id: str, *, before: int | None, limit: int) -> Sequence[Delivery]:
        found = [each for each in self._kept.of(endpoint_id) if before is None or each.delivery_id < before]
        return found[::-1][:limit]

    def place_of(self, endpoint_id: str, serial: int, seq: int, planned_at: int) -> int | None:
        wanted = (serial, seq, planned_at)
        found = [each for each in self._kept.of(endpoint_id) if (each.serial, each.seq, each.planned_at) == wanted]
        return found[0].delivery_id if found else None

    def attempts(self, delivery_ids: Collection[int]) -> dict[int, Sequence[Attempted]]:
        return {key: found for key, found in self._kept.attempts.items() if key in delivery_ids}

    def _change(self, endpoint_id: str, change: Callable[[Endpoint], Endpoint]) -> None:
        self._store.check()
        endpoint = self._kept.endpoints.get(endpoint_id)
        if endpoint is not None:
            self._kept.endpoints[endpoint_id] = change(endpoint)


class MemoryOutbox:
    """The `Outbox`."""

    def __init__(self, kept: Kept) -> None:
        self._store = kept
        self._kept = kept.webhooks

    def endpoints(self) -> Sequence[Endpoint]:
        return [each for _, each in sorted(self._kept.endpoints.items()) if each.disabled_at is None]

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        endpoint = self._kept.endpoints.get(endpoint_id)
        return None if endpoint is None or endpoint.disabled_at is not None else endpoint

    def sealed(self, endpoint_id: str) -> bytes | None:
        return self._kept.sealed.get(endpoint_id)

    def subject(self, serial: int) -> Subject | None:
        call = self._store.calls.get(serial)
        if call is None:
            return None
        profile = self._store.tenants[call.tenant_id].profile
        entry = self._store.recordings.entries.get(serial)
        recording = None if entry is None else entry.shown
        return Subject(call, *self._kept.ordered.get(serial, (None, None)), profile, recording)

    def open_deliveries(self, endpoint_id: str) -> int:
        return sum(each.state in OPEN for each in self._kept.of(endpoint_id))

    def due(self, endpoint_id: str, *, now: int, limit: int, besides: Collection[int]) -> Sequence[Parcel]:
        due = [each for each in self._due(endpoint_id, besides) if each.due_at is not None and each.due_at <= now]
        return [Parcel(each, self._recorded(each)) for each in due[:limit]]

    def next_due(self, endpoint_id: str, *, besides: Collection[int]) -> int | None:
        due = self._due(endpoint_id, besides)
        return due[0].due_at if due else None

    async def plan(self, endpoint: Endpoint, planned: Sequence[Planned], *, cursor: int, at: int) -> bool:
        self._commit()
        now = self._kept.endpoints.get(endpoint.endpoint_id)
        if now is None or now.cursor != endpoint.cursor or now.disabled_at is not None:
            return False
        self._kept.endpoints[endpoint.endpoint_id] = replace(now, cursor=cursor)
        for each in planned:
            if each.serial in self._store.calls:
                self._add(endpoint.endpoint_id, each, at)
        return True

    async def note(self, delivery: Delivery, attempted: Attempted, ruling: Ruling, *, disable: str | None) -> None:
        self._commit()
        found = self._kept.deliveries.get(delivery.delivery_id)
        if found is None:
            return
        self._kept.attempts.setdefault(found.delivery_id, []).append(attempted)
        now, after = attempted.at + attempted.took_ms, moved(found.state, ruling.word)
        if found.state in FINAL:
            return
        over = after in FINAL
        self._put(
            replace(
                found,
                state=after,
                attempts=attempted.number,
                due_at=None if over else ruling.due_at,
                ended_at=now if over else None,
            )
        )
        if disable is not None:
            self._disable(delivery.endpoint_id, disable, now)
        elif over:
            self._give_turn(found, now)

    async def seal(self, endpoint_id: str, sealed: bytes) -> bool:
        self._commit()
        if endpoint_id not in self._kept.endpoints or endpoint_id in self._kept.sealed:
            return False
        self._kept.sealed[endpoint_id] = sealed
        return True

    def _commit(self) -> None:
        self._store.check()

    def _due(self, endpoint_id: str, besides: Collection[int]) -> list[Delivery]:
        due = [each for each in self._kept.of(endpoint_id) if each.state is State.DUE]
        due.sort(key=lambda each: (each.due_at or 0, each.delivery_id))
        return [each for each in due if each.delivery_id not in besides]

    def _recorded(self, delivery: Delivery) -> Recorded:
        key = (delivery.serial, delivery.seq)
        call = self._store.calls[delivery.serial]
        (event,) = (each for each in self._store.events if (each.serial, each.seq) == key)
        return Recorded(
            position=self._store.positions[key],
            tenant_id=call.tenant_id,
            caller=call.agent.number,
            called=call.customer.number,
            call_data=call.call_data,
            event=event,
        )

    def _add(self, endpoint_id: str, planned: Planned, at: int) -> None:
        self._kept.given += 1
        waits = bool(self._open_in_lane(endpoint_id, planned.serial, planned.lane))
        self._kept.lanes[self._kept.given] = planned.lane
        self._put(
            Delivery(
                delivery_id=self._kept.given,
                endpoint_id=endpoint_id,
                serial=planned.serial,
                seq=planned.seq,
                url=planned.url,
                state=State.WAITING if waits else State.DUE,
                planned_at=at,
                attempts=0,
                due_at=None if waits else at,
            )
        )

    def _open_in_lane(self, endpoint_id: str, serial: int, lane: str) -> list[Delivery]:
        return [
            each
            for each in self._kept.of(endpoint_id)
            if each.serial == serial and each.state in OPEN and self._kept.lanes[each.delivery_id] == lane
        ]

    def _give_turn(self, ended: Delivery, now: int) -> None:
        lane = self._open_in_lane(ended.endpoint_id, ended.serial, self._kept.lanes[ended.delivery_id])
        if lane and lane[0].state is State.WAITING:
            self._put(replace(lane[0], state=State.DUE, due_at=now))

    def _disable(self, endpoint_id: str, why: str, now: int) -> None:
        endpoint = self._kept.endpoints[endpoint_id]
        self._kept.endpoints[endpoint_id] = replace(endpoint, disabled_at=now, disabled_why=why)
        for each in self._kept.of(endpoint_id):
            if each.state in OPEN:
                self._put(replace(each, state=State.GONE, due_at=None, ended_at=now))

    def _put(self, delivery: Delivery) -> None:
        self._kept.deliveries[delivery.delivery_id] = delivery
