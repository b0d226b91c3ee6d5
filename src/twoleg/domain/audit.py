"""Administrative acts as values: who changed what, when, and from what to what. Never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any

SERVICE = "service"
"""Who does what happens by itself."""


@unique
class Act(Enum):
    """What was done; the value is what the log shows, and stays."""

    TENANT_CREATED = "tenant.created"
    TENANT_CHANGED = "tenant.changed"
    APP_CREATED = "app.created"
    APP_DISABLED = "app.disabled"
    KEY_ADDED = "key.added"
    KEYS_REVOKED = "keys.revoked"
    UNWANTED_ADDED = "dnc.added"
    UNWANTED_REMOVED = "dnc.removed"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_ROTATED = "webhook.rotated"
    WEBHOOK_REPLAYED = "webhook.replayed"
    RECORDING_PURGED = "recording.purged"
    HANGUP_REQUESTED = "call.hangup"


Facts = Mapping[str, Any]
"""What JSON can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act."""

    at: int
    """Ms since the epoch."""
    who: str
    """`os:alice` for a command, `app:KEY` for a request, `service` for what happens by itself."""
    act: Act
    subject: str
    """The id of what it was done to."""
    tenant_id: str | None = None
    """Whose it is, where it is a tenant's."""
    before: Facts = field(default_factory=dict)
    """What was changed or removed, as it was."""
    after: Facts = field(default_factory=dict)
    """What was added or changed, as it is now."""


def changed(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """The members in which the two differ, as they were and as they are."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )
