"""One service with the carrier in the box, and an app of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from e2e.places import sandbox_config
from service import Service
from twoleg.client import Client


@dataclass(frozen=True)
class App:
    url: str
    key: str
    secret: str

    def client(self) -> Client:
        return Client(self.url, self.key, self.secret)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service.serve(sandbox_config(tmp_path_factory.mktemp("service"), ring_agent=5)) as running:
        yield running
        assert running.faults() == []


@pytest.fixture(scope="module")
def app(service: Service) -> App:
    tenant = service.cli("tenant", "create", "SDK", "--access-code", "640003")["tenant_id"]
    made = service.cli("app", "create", "--tenant", tenant)
    return App(f"http://{service.http}", made["app_key"], made["app_secret"])


@pytest.fixture
def client(app: App) -> Iterator[Client]:
    with app.client() as client:
        yield client
