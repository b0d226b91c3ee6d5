"""Use case: take in a new tenant, with the rules it is to live by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from twoleg.application.errors import ApplicationError
from twoleg.application.ports import Clock, Entropy, Registry
from twoleg.domain.numbers import is_dialable
from twoleg.domain.tenant import Tenant

ID_BITS = 64
LONGEST_NAME = 100
LONGEST_RETENTION = 3650

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class TenantRejected(ApplicationError):
    """The tenant cannot be taken in; the message names the rule at fault. The operator's fault."""


def create_tenant(wished: Tenant, *, registry: Registry, entropy: Entropy, clock: Clock) -> Tenant:
    """Check and store the tenant under an id of our own (the one it came with is ignored); answers it as stored.

    Names are for people and need not be unique: the id is what counts.
    Raises `TenantRejected`, `StoreUnavailable`.
    """
    tenant = replace(
        wished,
        tenant_id=f"t{entropy.bits(ID_BITS):016x}",
        name=wished.name.strip(),
        callback_hosts=tuple(host.lower() for host in wished.callback_hosts),
    )
    fault = _fault(tenant)
    if fault is not None:
        raise TenantRejected(fault)
    registry.add_tenant(tenant, at=clock.now_ms())
    return tenant


def _fault(tenant: Tenant) -> str | None:
    if not 1 <= len(tenant.name) <= LONGEST_NAME or not tenant.name.isprintable():
        return f"a tenant's name must have 1-{LONGEST_NAME} printable characters"
    if not tenant.access_codes:
        return "a tenant needs at least one access code: the number that phones are shown"
    if not 1 <= tenant.retention_days <= LONGEST_RETENTION:
        return f"retention must be 1-{LONGEST_RETENTION} days"
    if not 1 <= tenant.recording_days <= LONGEST_RETENTION:
        return f"recordings must be kept 1-{LONGEST_RETENTION} days"
    if tenant.trial_phones and not tenant.trial:
        return "trial phones are for trial tenants"
    return _number_fault(tenant) or _host_fault(tenant.callback_hosts)


def _number_fault(tenant: Tenant) -> str | None:
    kinds = (
        ("access code", tenant.access_codes),
        ("phone", tenant.phones or ()),
        ("trial phone", tenant.trial_phones),
    )
    for kind, numbers in kinds:
        for number in numbers:
            if not is_dialable(number):
                return f"{kind} {number}: must be 1-32 characters, digits with an optional leading +"
    return None


def _host_fault(hosts: Iterable[str]) -> str | None:
    for host in hosts:
        if _HOST.fullmatch(host) is None or len(host) > 253:
            return f"callback host {host}: must be a bare host name or IPv4 address, such as crm.example.com"
    return None
