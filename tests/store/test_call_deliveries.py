"""What a ladder is told of a call's webhooks: each attempt, and of each receiver no more than its host."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from contract.worlds import TENANT, SqliteWorld, Told, numbered, placed
from domain.calls import T0, WAY
from fakes.clock import DrivenClock
from twoleg.adapters.store.sqlite.store import open_store
from twoleg.application.ladder.values import Delivery
from twoleg.application.webhook_ports import Attempted
from twoleg.domain.call import Phase
from twoleg.domain.delivery import Ruling, Word
from twoleg.domain.webhooks import Endpoint, Format, Planned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio

URL = "https://user:hunter2@hooks.example.com:8443/services/T00/hunter2?token=hunter2"
ENDPOINT = Endpoint(
    endpoint_id="we_1", tenant_id=TENANT, format=Format.CLOUDEVENTS, url=URL, events=("*",), created_at=T0, cursor=0
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SqliteWorld]:
    made = SqliteWorld(tmp_path / "twoleg.db")
    made.add_tenant(TENANT)
    yield made
    made.close()


async def test_every_attempt_is_told_with_its_outcome(world: SqliteWorld) -> None:
    call = numbered(1)
    await placed(world, call)
    journal = world.store.journal(asyncio.get_running_loop())
    Told(journal, call).tell(*WAY[Phase.ENDED])
    await journal.drained()
    world.store.endpoint_book().add(ENDPOINT, b"sealed")
    outbox = world.store.outbox()
    plan = [Planned(position=0, serial=1, seq=seq, url=URL, lane="") for seq in (1, 2)]
    assert await outbox.plan(ENDPOINT, plan, cursor=9, at=T0)
    for at, status, said, word in (
        (T0 + 10, 503, "no", Word.REFUSED),
        (T0 + 20, None, "no answer within 5 s", Word.REFUSED),
        (T0 + 30, 204, "yes", Word.ACCEPTED),
        (T0 + 40, 200, "yes", Word.ACCEPTED),
    ):
        (parcel,) = outbox.due("we_1", now=T0 + 10**9, limit=10, besides=())
        tried = Attempted(number=parcel.delivery.attempts + 1, at=at, took_ms=5, status=status, said=said)
        await outbox.note(parcel.delivery, tried, Ruling(word, None if word is Word.ACCEPTED else at + 5), disable=None)

    store = open_store(f"sqlite:///{world.path}", clock=DrivenClock(), logger=world.log)
    try:
        found = store.call_deliveries().deliveries(1)
        others = store.call_deliveries().deliveries(2)
    finally:
        store.close()

    host = "hooks.example.com"
    assert found == [
        Delivery(at=T0 + 10, receiver=host, event="call.queued", outcome="HTTP 503"),
        Delivery(at=T0 + 20, receiver=host, event="call.queued", outcome="no answer within 5 s"),
        Delivery(at=T0 + 30, receiver=host, event="call.queued", outcome="HTTP 204"),
        Delivery(at=T0 + 40, receiver=host, event="agent.dialled", outcome="HTTP 200"),
    ]
    assert others == []
    assert "hunter2" not in repr(found)
