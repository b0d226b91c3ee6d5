"""A running face with everything behind it: tenants, apps, calls, time. What the tests of this folder talk to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from api.asgi_client import Response, exchange
from api.doubles import NotingDirectory, NotingIntake, NotingReader, PlainHasher, SeededEntropy, Trouble
from fakes.clock import DrivenClock
from fakes.ladders import MemoryLadders
from fakes.log import NotedLog
from fakes.recordings import MemoryStorage
from fakes.webhooks import OpenBox
from twoleg.adapters.numbering import WorldNumbering
from twoleg.api.aicc.face import (
    CREATE_CALL_V1_PATH,
    CREATE_CALL_V3_PATH,
    QUERY_CALL_STATE_PATH,
    QUERY_RECORDS_PATH,
    TOKEN_PATH,
)
from twoleg.api.app import create_app
from twoleg.application.admission import AlwaysOpen, Gate
from twoleg.application.event_tail import EventTail
from twoleg.application.ladder.keeping import Keeping
from twoleg.application.ladder.ports import NoDeliveries
from twoleg.application.ladder.read_ladder import ReadLadder
from twoleg.application.ports import App, Intent, Placed, SigningKey
from twoleg.application.webhook_desk import WebhookDesk
from twoleg.domain.call import Call, Leg, Phase, Role
from twoleg.domain.effects import Timer
from twoleg.domain.machine import Step, step
from twoleg.domain.media import MediaMode
from twoleg.domain.tenant import Profile, Tenant
from twoleg.domain.trunk import Trunk
from twoleg.domain.values import replace as changed

if TYPE_CHECKING:
    from contract.worlds import Store
    from twoleg.api.app import App as AsgiApplication
    from twoleg.application.ports import CallJournal, Clock, SecretHasher
    from twoleg.application.recording_storage import RecordingStorage
    from twoleg.domain.signals import Signal

ACCESS_CODES = ("640003", "640060")
NOW = 1_621_823_865_000
"""The start of the call in the vendor's sample."""
DAY_MS = 86_400_000


LIMITS = {Timer.QUEUE: 60.0, Timer.RING_AGENT: 30.0, Timer.RING_CUSTOMER: 45.0, Timer.TALK: 14_400.0}


class World:
    """One service over a store. `log` holds what it logged, `nudges` how often it woke the engine."""

    limits: Mapping[Timer, float] = LIMITS

    def __init__(self, store: Store, *, clock: Clock | None = None) -> None:
        """`clock`: the service's own, where time has to pass by itself; else it stands still unless it is advanced."""
        self.store = store
        self.registry = store.registry()
        self.clock = DrivenClock(start_ms=NOW)
        self.service_clock = clock or self.clock
        self.plain_hasher = PlainHasher()
        self.hasher: SecretHasher = self.plain_hasher
        self.trouble = Trouble()
        self.directory = NotingDirectory(store.directory(), self.trouble)
        self.intake = NotingIntake(store.intake(), self.trouble)
        self.reader = NotingReader(store.reader(), self.trouble)
        self.quality = store.quality_book()
        self.ladders = MemoryLadders()
        self.recordings = store.recordings()
        self.recording_storage: RecordingStorage = MemoryStorage()
        self.public_url: str | None = None
        self.gate: Gate = AlwaysOpen()
        self.media = frozenset((MediaMode.DIRECT, MediaMode.RTPENGINE))
        self.log = NotedLog()
        self.nudges = 0
        self.trunks: tuple[Trunk, ...] = (Trunk(name="carrier", uri="sip:192.0.2.1"),)
        self.registry.add_signing_key(SigningKey("k1", b"a key of the tests, 32 bytes long"), at=NOW)
        self._runner = asyncio.Runner()
        self._journal: CallJournal | None = None
        self._stored = 0
        self._now = NOW
        self.app = self.start()

    def start(self) -> AsgiApplication:
        """A new process of the service over the same store, which remembers nothing else."""
        self.app = create_app(
            directory=self.directory,
            reader=self.reader,
            quality=self.quality,
            intake=self.intake,
            clock=self.service_clock,
            entropy=SeededEntropy(),
            hasher=self.hasher,
            nudge=self._nudge,
            call_records=self.store.call_records(),
            event_feed=self.store.event_feed(),
            call_search=self.store.call_search(),
            trunk_board=self.store.trunk_board(),
            read_ladder=ReadLadder(
                reader=self.store.reader(),
                feed=self.store.event_feed(),
                archive=self.ladders,
                deliveries=NoDeliveries(),
                keeping=Keeping(),
                clock=self.clock,
            ),
            recordings=self.recordings,
            recording_storage=self.recording_storage,
            public_url=self.public_url,
            trunks=self.trunks,
            numbering=WorldNumbering(),
            call_reports=self.store.call_reports(),
            webhook_desk=WebhookDesk(
                book=self.store.endpoint_book(),
                box=OpenBox(),
                feed=self.store.event_feed(),
                clock=self.service_clock,
                entropy=SeededEntropy(),
            ),
            node_id=1,
            limits=self.limits,
            log=self.log,
            gate=self.gate,
            media=self.media,
        )
        return self.app

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()
        self.store.close()

    def _nudge(self) -> None:
        self.nudges += 1

    def tenant(self, tenant_id: str, **rules: Any) -> None:
        """A tenant with these rules, unless there is one of that id."""
        if self.directory.tenant(tenant_id) is None:
            tenant = Tenant(tenant_id, name=tenant_id, profile=Profile.AICC, access_codes=ACCESS_CODES)
            self.registry.add_tenant(replace(tenant, **rules), at=NOW)

    def client(self, tenant_id: str = "tenant-1", *, app_key: str = "", **rules: Any) -> Client:
        """A new app of a tenant with these rules."""
        self.tenant(tenant_id, **rules)
        app_key = app_key or f"app-of-{tenant_id}"
        secret = f"secret of {app_key}"
        self.registry.add_app(App(app_key, tenant_id, self.hasher.hash(secret), enabled=True, created_at=NOW))
        return Client(self, tenant_id, app_key, secret)

    def call(self, tenant_id: str = "tenant-1", **facts: Any) -> Call:
        """A stored call with these facts; its customer's number is the sample's for the first, others for the next."""
        self.tenant(tenant_id)
        call = Call(
            serial=645735364434067472 + self._stored,
            tenant_id=tenant_id,
            agent=Leg(Role.AGENT, "88889050", clip="640060"),
            customer=Leg(Role.CUSTOMER, str(88889060 + self._stored), clip="640003"),
            created_at=NOW,
        )
        self._stored += 1
        call = changed(call, **facts)
        self._runner.run(self._store(call))
        return call

    @property
    def tail(self) -> EventTail:
        """Where the running service's readers stand in line."""
        return self.app.tail

    def hangups(self) -> list[int]:
        """The calls whose end is wished for."""

        async def read() -> list[int]:
            return list(self._journal_here().hangup_requests())

        return self._runner.run(read())

    def tell(self, call: Call, *signals: Signal) -> Call:
        """What becomes of a stored call by these signals; made durable, with its events, as the engine does."""
        return self._runner.run(self._tell(call, signals))

    async def _tell(self, call: Call, signals: Sequence[Signal]) -> Call:
        journal = self._journal_here()
        for signal in signals:
            self._now += 1
            taken = step(call, signal, self._now)
            call = taken.call
            journal.append(taken, lambda: None)
        await journal.drained()
        return call

    def _journal_here(self) -> CallJournal:
        if self._journal is None:
            self._journal = self.store.journal(asyncio.get_running_loop())
        return self._journal

    async def _store(self, call: Call) -> None:
        queued = changed(call, phase=Phase.QUEUED, started_at=None, ended_at=None, reason=None, cause=None)
        assert isinstance(await self.store.intake().place(Intent(queued)), Placed)
        journal = self._journal_here()
        journal.append(Step(call), lambda: None)
        await journal.drained()


class Client:
    """An API client with its credentials; its token is fetched over HTTP when first needed."""

    def __init__(self, world: World, tenant_id: str, app_key: str, secret: str) -> None:
        self.world = world
        self.tenant_id = tenant_id
        self.app_key = app_key
        self.secret = secret
        self._token: str | None = None

    @property
    def token(self) -> str:
        if self._token is None:
            self._token = self.ask_for_token().json["AccessToken"]
        return self._token

    def with_token(self, token: str) -> Self:
        self._token = token
        return self

    def ask_for_token(self, **headers: str) -> Response:
        body = {"app_key": self.app_key, "app_secret": self.secret}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return exchange(self.world.app, "POST", TOKEN_PATH, headers=given, body=json.dumps(body).encode())

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Response:
        """POST with the token; a body that is not bytes goes as JSON."""
        sent = {"Authorization": f"Bearer {self.token}"} | dict(headers or {})
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return exchange(self.world.app, "POST", path, headers=sent, body=raw)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """GET with the token; `path` may end in a query."""
        return self.request("GET", path, headers)

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """Any method with the token and no body."""
        sent = {"Authorization": f"Bearer {self.token}"} | dict(headers or {})
        return exchange(self.world.app, method, path, headers=sent)

    def place(self, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
        """createCall v1 of the sample's two numbers, with members changed, added, or (None) sent as null."""
        return self.post(CREATE_CALL_V1_PATH, {"caller": "88889050", "called": "88889060"} | members, headers)

    def place_v3(self, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
        return self.post(CREATE_CALL_V3_PATH, {"softPhone": "88889050", "called": "88889060"} | members, headers)

    def query(self, serial: Any) -> Response:
        return self.post(QUERY_CALL_STATE_PATH, {"callSerialNo": serial})

    def records(self, body: Any = None, **members: Any) -> Response:
        """queryCallDetailRecord of the week around the sample's call, with members changed or added; or that body."""
        window = {"startTime": str(NOW - DAY_MS), "endTime": str(NOW + DAY_MS)}
        return self.post(QUERY_RECORDS_PATH, window | members if body is None else body)
