"""What a tenant's rules must look like: checked when it is taken in and whenever it is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from twoleg.application.errors import ApplicationError
from twoleg.application.numbering import Numbering
from twoleg.domain.guards import LONGEST_PERIOD, Guards, QuietHours
from twoleg.domain.numbers import is_dialable
from twoleg.domain.tenant import Tenant

LONGEST_NAME = 100
LONGEST_RETENTION = 3650
LARGEST_LIMIT = 1_000_000
"""Calls or requests that a guard may count to."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class TenantRejected(ApplicationError):
    """The tenant cannot be taken in, or changed so; the message names the rule at fault. The operator's fault."""


def reject_faults(tenant: Tenant, numbering: Numbering) -> None:
    """Raises `TenantRejected` when a rule is not one."""
    fault = _fault(tenant) or _guard_fault(tenant.guards, numbering)
    if fault is not None:
        raise TenantRejected(fault)


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
    guards = tenant.guards
    kinds = (
        ("access code", tenant.access_codes),
        ("phone", tenant.phones or ()),
        ("trial phone", tenant.trial_phones),
        ("allowed prefix", (each for each in guards.allowed_prefixes if each != "+")),
        ("denied prefix", (each for each in guards.denied_prefixes if each != "+")),  # whatever is international
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


def _guard_fault(guards: Guards, numbering: Numbering) -> str | None:
    counted = (
        ("concurrent calls", guards.concurrent_calls),
        ("calls per second", guards.calls_a_second),
        ("calls per number", guards.calls_per_number),
        ("requests per second", guards.requests_a_second),
    )
    for name, limit in counted:
        if limit is not None and not 1 <= limit <= LARGEST_LIMIT:
            return f"{name}: must be 1-{LARGEST_LIMIT}"
    if guards.number_budget is not None and not 1 <= guards.number_budget.seconds <= LONGEST_PERIOD:
        return f"calls per number: the period must be 1-{LONGEST_PERIOD} seconds"
    if guards.region is not None and not numbering.is_region(guards.region):
        return f"region {guards.region}: must be the ISO 3166 code of a country, such as DE or CN"
    return None if guards.quiet_hours is None else _hours_fault(guards.quiet_hours, numbering)


def _hours_fault(hours: QuietHours, numbering: Numbering) -> str | None:
    if hours.begin == hours.end:
        return "quiet hours: they must not begin when they end"
    if not numbering.is_zone(hours.zone):
        return f"quiet hours: there is no zone {hours.zone}; Europe/Berlin and Asia/Shanghai are examples"
    return None
