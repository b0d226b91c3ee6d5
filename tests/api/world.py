"""A running face with everything behind it: tenants, apps, calls, time. What the tests of this folder talk to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import structlog

from api.asgi_client import Response, exchange
from api.doubles import MemoryCalls, MemoryDirectory, PlainHasher, SeededEntropy
from fakes.clock import DrivenClock
from twoleg.api.aicc.face import CREATE_CALL_V1_PATH, CREATE_CALL_V3_PATH, QUERY_CALL_STATE_PATH, TOKEN_PATH
from twoleg.api.app import create_app
from twoleg.application.ports import App, SigningKey
from twoleg.domain.call import Call, Leg, Phase, Role
from twoleg.domain.tenant import Profile, Tenant

if TYPE_CHECKING:
    from twoleg.api.app import App as AsgiApplication

ACCESS_CODES = ("640003", "640060")
NOW = 1_621_823_865_000
"""The start of the call in the vendor's sample."""


class World:
    """One service. `log` holds what it logged, `nudges` how often it woke the engine."""

    def __init__(self) -> None:
        self.clock = DrivenClock(start_ms=NOW)
        self.directory = MemoryDirectory()
        self.calls = MemoryCalls()
        self.hasher = PlainHasher()
        self.log: list[dict[str, Any]] = []
        self.nudges = 0
        self.directory.add_signing_key(SigningKey("k1", b"a key of the tests, 32 bytes long"), at=NOW)
        self.app = self.start()

    def start(self) -> AsgiApplication:
        """A new process of the service over the same store, which remembers nothing else."""
        self.app = create_app(
            directory=self.directory,
            reader=self.calls,
            intake=self.calls,
            clock=self.clock,
            entropy=SeededEntropy(),
            hasher=self.hasher,
            nudge=self._nudge,
            node_id=1,
            log=structlog.wrap_logger(
                None, processors=[self._note], wrapper_class=structlog.make_filtering_bound_logger(0)
            ),
        )
        return self.app

    def _nudge(self) -> None:
        self.nudges += 1

    def _note(self, _logger: object, _method: str, entry: Any) -> Any:
        self.log.append(dict(entry))
        raise structlog.DropEvent

    def client(self, tenant_id: str = "tenant-1", *, app_key: str = "", **rules: Any) -> Client:
        """An app, with a token, of a tenant with these rules (made when it is new)."""
        if self.directory.tenant(tenant_id) is None:
            tenant = Tenant(tenant_id, name=tenant_id, profile=Profile.AICC, access_codes=ACCESS_CODES)
            self.directory.add_tenant(replace(tenant, **rules), at=NOW)
        app_key = app_key or f"app-of-{tenant_id}"
        secret = f"secret of {app_key}"
        self.directory.add_app(App(app_key, tenant_id, self.hasher.hash(secret), enabled=True, created_at=NOW))
        return Client(self, tenant_id, app_key, secret)

    def call(self, tenant_id: str = "tenant-1", **facts: Any) -> Call:
        """A stored call with these facts."""
        call = Call(
            serial=645735364434067472 + len(self.calls.calls),
            tenant_id=tenant_id,
            agent=Leg(Role.AGENT, "88889050", clip="640060"),
            customer=Leg(Role.CUSTOMER, "88889060", clip="640003"),
            created_at=NOW,
            phase=Phase.QUEUED,
        )
        call = replace(call, **facts)
        self.calls.calls[call.serial] = call
        return call


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

    def place(self, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
        """createCall v1 of the sample's two numbers, with members changed, added, or (None) sent as null."""
        return self.post(CREATE_CALL_V1_PATH, {"caller": "88889050", "called": "88889060"} | members, headers)

    def place_v3(self, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
        return self.post(CREATE_CALL_V3_PATH, {"softPhone": "88889050", "called": "88889060"} | members, headers)

    def query(self, serial: Any) -> Response:
        return self.post(QUERY_CALL_STATE_PATH, {"callSerialNo": serial})
