"""Use case: change the rules of a tenant. They hold within about a second, for calls that are placed from then on."""

from __future__ import annotations

from collections.abc import Callable

from twoleg.application.create_tenant import tidied
from twoleg.application.errors import NotFound
from twoleg.application.numbering import Numbering
from twoleg.application.ports import Clock, Directory
from twoleg.application.registry import Registry
from twoleg.application.tenant_document import tenant_document
from twoleg.application.tenant_rules import reject_faults
from twoleg.domain.audit import Act, Entry, changed
from twoleg.domain.tenant import Tenant


def update_tenant(  # noqa: PLR0913 - ports, each by its name
    tenant_id: str,
    change: Callable[[Tenant], Tenant],
    *,
    directory: Directory,
    registry: Registry,
    numbering: Numbering,
    clock: Clock,
    who: str,
) -> Tenant:
    """Store what `change` makes of the tenant as it is; answers it. Raises `TenantRejected`, `NotFound`.

    Of two operators who change one tenant at the same moment the later one's rules stand; the audit log shows both.
    """
    before = directory.tenant(tenant_id)
    if before is None:
        raise NotFound(f"no tenant {tenant_id}")
    after = tidied(change(before))
    if after == before:
        return before
    reject_faults(after, numbering)
    was, became = changed(tenant_document(before), tenant_document(after))
    note = Entry(
        at=clock.now_ms(),
        who=who,
        act=Act.TENANT_CHANGED,
        subject=tenant_id,
        tenant_id=tenant_id,
        before=was,
        after=became,
    )
    registry.change_tenant(after, note=note)
    return after
