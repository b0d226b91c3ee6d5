"""The ports of the HTTP face in memory, small enough to be believed at a glance."""

from __future__ import annotations

import random
from collections.abc import Sequence

from twoleg.application.errors import IdempotencyConflict, SerialTaken
from twoleg.application.ports import App, CallStatus, Idempotency, Intent, Placed, SigningKey
from twoleg.domain.call import Call, Phase
from twoleg.domain.tenant import Refusal, Refused, Tenant

_WAITING_OR_RINGING = (Phase.QUEUED, Phase.CALLING_AGENT, Phase.CALLING_CUSTOMER)


class SeededEntropy:
    """The `Entropy` port, the same in every run."""

    def __init__(self) -> None:
        self._random = random.Random(1)

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)


class PlainHasher:
    """The `SecretHasher` port without the work; counts, so that a test can see that the work is done for nobody too."""

    def __init__(self) -> None:
        self.verified = 0

    def hash(self, secret: str) -> str:
        return f"plain:{secret}"

    def verify(self, secret_hash: str, secret: str) -> bool:
        self.verified += 1
        return secret_hash == f"plain:{secret}"


class MemoryDirectory:
    """The `Directory` and `Registry` ports."""

    def __init__(self) -> None:
        self._tenants: dict[str, Tenant] = {}
        self._apps: dict[str, App] = {}
        self._keys: list[SigningKey] = []
        self.key_reads = 0

    def tenant(self, tenant_id: str) -> Tenant | None:
        return self._tenants.get(tenant_id)

    def tenants(self) -> Sequence[Tenant]:
        return tuple(self._tenants.values())

    def app(self, app_key: str) -> App | None:
        return self._apps.get(app_key)

    def apps(self, tenant_id: str | None = None) -> Sequence[App]:
        return [app for app in self._apps.values() if tenant_id in (None, app.tenant_id)]

    def is_enabled(self, app_key: str) -> bool:
        app = self._apps.get(app_key)
        return app is not None and app.enabled

    def signing_keys(self) -> Sequence[SigningKey]:
        self.key_reads += 1
        return tuple(self._keys)

    def add_tenant(self, tenant: Tenant, *, at: int) -> None:
        self._tenants[tenant.tenant_id] = tenant

    def add_app(self, app: App) -> None:
        self._apps[app.app_key] = app

    def disable_app(self, app_key: str, *, at: int) -> bool:
        app = self._apps.get(app_key)
        if app is not None:
            self._apps[app_key] = App(app.app_key, app.tenant_id, app.secret_hash, enabled=False, created_at=0)
        return app is not None

    def add_signing_key(self, key: SigningKey, *, at: int) -> None:
        self._keys.insert(0, key)


class MemoryCalls:
    """The `CallIntake` and `CallReader` ports. `trouble` is raised instead of storing."""

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self.intents: list[Intent] = []
        self.trouble: Exception | None = None
        self.taken_draws = 0
        """How many of the next serials are told to be taken."""
        self._answered: dict[tuple[str, str], tuple[Idempotency, int]] = {}

    async def place(self, intent: Intent) -> Placed | Refused:
        if self.trouble is not None:
            raise self.trouble
        call = intent.call
        if intent.idempotency is not None:
            before = self._answered.get((call.tenant_id, intent.idempotency.key))
            if before is not None and before[0] != intent.idempotency:
                raise IdempotencyConflict
            if before is not None:
                return Placed(before[1], replayed=True)
        if refused := self._refused(intent):
            return refused
        if self.taken_draws:
            self.taken_draws -= 1
            raise SerialTaken
        self.calls[call.serial] = call
        self.intents.append(intent)
        if intent.idempotency is not None:
            self._answered[call.tenant_id, intent.idempotency.key] = (intent.idempotency, call.serial)
        return Placed(call.serial)

    def _refused(self, intent: Intent) -> Refused | None:
        new = intent.call
        own = [call for call in self.calls.values() if call.tenant_id == new.tenant_id]
        if any(_pair(call) == _pair(new) and call.phase in _WAITING_OR_RINGING for call in own):
            return Refused(Refusal.DUPLICATE)
        today = [call for call in own if call.created_at >= intent.day_start]
        if intent.calls_a_day is not None and len(today) >= intent.calls_a_day:
            return Refused(Refusal.TRIAL_LIMIT)
        return None

    async def request_hangup(self, serial: int, *, at: int) -> None:
        raise NotImplementedError

    def status(self, serial: int, tenant_id: str) -> CallStatus | None:
        if self.trouble is not None:
            raise self.trouble
        call = self.calls.get(serial)
        return status_of(call) if call is not None and call.tenant_id == tenant_id else None

    def call(self, serial: int) -> Call | None:
        return self.calls.get(serial)


def _pair(call: Call) -> tuple[str, str]:
    return call.agent.number, call.customer.number


def status_of(call: Call) -> CallStatus:
    return CallStatus(
        phase=int(call.phase),
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
