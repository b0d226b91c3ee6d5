"""A tenant as a document: what the command line shows and the audit log keeps."""

from __future__ import annotations

from typing import Any

from twoleg.domain.guards import Guards, QuietHours
from twoleg.domain.tenant import Tenant


def tenant_document(tenant: Tenant) -> dict[str, Any]:
    """All its rules, and those of its guards that hold it to anything."""
    document: dict[str, Any] = {
        "tenant_id": tenant.tenant_id,
        "name": tenant.name,
        "profile": tenant.profile.value,
        "access_codes": list(tenant.access_codes),
        "transparent_display": tenant.transparent_display,
        "callback_hosts": list(tenant.callback_hosts),
        "trial": tenant.trial,
        "trial_phones": list(tenant.trial_phones),
        "retention_days": tenant.retention_days,
        "recording": tenant.recording.value,
        "recording_days": tenant.recording_days,
        "recording_format": tenant.recording_format.value,
    }
    if tenant.phones is not None:
        document["phones"] = list(tenant.phones)
    guards = guards_document(tenant.guards)
    return {**document, "guards": guards} if guards else document


def guards_document(guards: Guards) -> dict[str, Any]:
    """Those that are set."""
    budget = guards.number_budget
    facts = {
        "region": guards.region,
        "allowed_prefixes": list(guards.allowed_prefixes) or None,
        "denied_prefixes": list(guards.denied_prefixes) or None,
        "concurrent_calls": guards.concurrent_calls,
        "calls_a_second": guards.calls_a_second,
        "calls_per_number": budget and {"calls": budget.calls, "seconds": budget.seconds},
        "quiet_hours": guards.quiet_hours and quiet_hours_text(guards.quiet_hours),
        "requests_a_second": guards.requests_a_second,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def quiet_hours_text(hours: QuietHours) -> str:
    """`21:00-08:00 Europe/Berlin`."""
    return f"{_clock(hours.begin)}-{_clock(hours.end)} {hours.zone}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
