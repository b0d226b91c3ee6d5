"""Use case: give a tenant a new app, that is a key and a secret to fetch tokens with."""

from __future__ import annotations

from dataclasses import dataclass, field

from twoleg.application.ports import App, Clock, Entropy, SecretHasher
from twoleg.application.registry import Registry
from twoleg.domain.audit import Act, Entry

KEY_BITS = 128
SECRET_BITS = 256


@dataclass(frozen=True, slots=True)
class NewApp:
    """What its owner is told, this once: the secret is stored as a hash only."""

    app_key: str
    app_secret: str = field(repr=False)


def create_app(
    tenant_id: str, *, registry: Registry, entropy: Entropy, hasher: SecretHasher, clock: Clock, who: str
) -> NewApp:
    """Draw, hash, store. `who`: as in `Entry`. Raises `NotFound` for an unknown tenant, `StoreUnavailable`."""
    new = NewApp(app_key=f"{entropy.bits(KEY_BITS):032x}", app_secret=f"{entropy.bits(SECRET_BITS):064x}")
    now = clock.now_ms()
    note = Entry(at=now, who=who, act=Act.APP_CREATED, subject=new.app_key, tenant_id=tenant_id)
    registry.add_app(App(new.app_key, tenant_id, hasher.hash(new.app_secret), enabled=True, created_at=now), note=note)
    return new
