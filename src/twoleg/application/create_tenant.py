"""Use case: take in a new tenant, with the rules it is to live by."""

from __future__ import annotations

from dataclasses import replace

from twoleg.application.numbering import Numbering
from twoleg.application.ports import Clock, Entropy
from twoleg.application.registry import Registry
from twoleg.application.tenant_document import tenant_document
from twoleg.application.tenant_rules import reject_faults
from twoleg.domain.audit import Act, Entry
from twoleg.domain.tenant import Tenant

ID_BITS = 64


def create_tenant(
    wished: Tenant, *, registry: Registry, numbering: Numbering, entropy: Entropy, clock: Clock, who: str
) -> Tenant:
    """Check and store the tenant under an id of our own (the one it came with is ignored); answers it as stored.

    Names are for people and need not be unique: the id is what counts. `who`: as in `Entry`.
    Raises `TenantRejected`, `StoreUnavailable`.
    """
    tenant = tidied(replace(wished, tenant_id=f"t{entropy.bits(ID_BITS):016x}"))
    reject_faults(tenant, numbering)
    now = clock.now_ms()
    note = Entry(
        at=now,
        who=who,
        act=Act.TENANT_CREATED,
        subject=tenant.tenant_id,
        tenant_id=tenant.tenant_id,
        after=tenant_document(tenant),
    )
    registry.add_tenant(tenant, at=now, note=note)
    return tenant


def tidied(tenant: Tenant) -> Tenant:
    """Names without blanks around them, hosts in lower case."""
    hosts = tuple(host.lower() for host in tenant.callback_hosts)
    return replace(tenant, name=tenant.name.strip(), callback_hosts=hosts)
