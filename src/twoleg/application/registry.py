"""The port of changes to tenants, apps and keys, each with its entry in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twoleg.application.ports import App, SigningKey
from twoleg.domain.audit import Entry
from twoleg.domain.tenant import Tenant


class Registry(Protocol):
    """Changes to tenants, apps and keys. Each is durable when it returns; raises `StoreUnavailable`.

    `note`: the audit log's entry; it is written with the change or, when nothing is changed, not at all.
    """

    def add_tenant(self, tenant: Tenant, *, at: int, note: Entry | None = None) -> None:
        """A new tenant. Raises `ValueError` when the id exists."""

    def change_tenant(self, tenant: Tenant, *, note: Entry | None = None) -> None:
        """The tenant of that id has these rules from now on. Raises `NotFound`."""

    def add_app(self, app: App, *, note: Entry | None = None) -> None:
        """A new app of an existing tenant. Raises `NotFound` when there is no such tenant."""

    def disable_app(self, app_key: str, *, at: int, note: Entry | None = None) -> bool:
        """False: no such app."""

    def add_signing_key(self, key: SigningKey, *, at: int, note: Entry | None = None) -> None:
        """From now on the newest."""

    def remove_signing_keys(self, key_ids: Sequence[str], *, note: Entry | None = None) -> None:
        """They verify nothing any more. Harmless when repeated."""
