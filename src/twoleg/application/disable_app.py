"""Use case: shut an app out, for good and at once: its tokens are refused from its next request on."""

from __future__ import annotations

from twoleg.application.ports import Clock, Directory
from twoleg.application.registry import Registry
from twoleg.domain.audit import Act, Entry


def disable_app(app_key: str, *, directory: Directory, registry: Registry, clock: Clock, who: str) -> bool:
    """False: no such app. One that is disabled already stays so, and nothing is noted."""
    app = directory.app(app_key)
    if app is None:
        return False
    now = clock.now_ms()
    note = Entry(
        at=now,
        who=who,
        act=Act.APP_DISABLED,
        subject=app_key,
        tenant_id=app.tenant_id,
        before={"enabled": True},
        after={"enabled": False},
    )
    return registry.disable_app(app_key, at=now, note=note if app.enabled else None)
