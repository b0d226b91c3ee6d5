"""Changes to tenants, apps and signing keys."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.rows import Row
from twoleg.adapters.store.sqlite.sealed_keys import SealedKeys
from twoleg.adapters.store.sqlite.writes import Writes
from twoleg.application.errors import NotFound
from twoleg.application.ports import App, SigningKey
from twoleg.domain.audit import Entry
from twoleg.domain.tenant import Tenant

_ADD_TENANT = query("add_tenant")
_CHANGE_TENANT = query("change_tenant")
_ADD_APP = query("add_app")
_DISABLE_APP = query("disable_app")
_ADD_SIGNING_KEY = query("add_signing_key")
_REMOVE_SIGNING_KEYS = query("remove_signing_keys")


class SqliteRegistry:
    """The `Registry`. Adding what exists raises `ValueError`; all of it raises `StoreUnavailable`."""

    def __init__(self, writes: Writes, keys: SealedKeys) -> None:
        self._writes = writes
        self._keys = keys

    def add_tenant(self, tenant: Tenant, *, at: int, note: Entry | None = None) -> None:
        """Add a tenant."""
        self._add(_ADD_TENANT, rows.tenant_row(tenant, at=at), what=f"tenant {tenant.tenant_id}", note=note)

    def change_tenant(self, tenant: Tenant, *, note: Entry | None = None) -> None:
        """See `Registry.change_tenant`."""
        if not self._writes.change(_CHANGE_TENANT, rows.changed_tenant_row(tenant), note=note):
            raise NotFound(f"no tenant {tenant.tenant_id}")

    def add_app(self, app: App, *, note: Entry | None = None) -> None:
        """Add an app. Raises `NotFound` when there is no such tenant."""
        self._add(_ADD_APP, rows.app_row(app), what=f"app {app.app_key}", note=note)

    def disable_app(self, app_key: str, *, at: int, note: Entry | None = None) -> bool:
        """Disable an app for good; False: no such app. Its first disabling is the one that is kept."""
        return self._writes.change(_DISABLE_APP, (at, app_key), note=note) > 0

    def add_signing_key(self, key: SigningKey, *, at: int, note: Entry | None = None) -> None:
        """Add a key, sealed."""
        row = (key.key_id, self._keys.seal(key), at)
        self._add(_ADD_SIGNING_KEY, row, what=f"signing key {key.key_id}", note=note)

    def remove_signing_keys(self, key_ids: Sequence[str], *, note: Entry | None = None) -> None:
        """See `Registry.remove_signing_keys`."""
        self._writes.change(_REMOVE_SIGNING_KEYS, (json.dumps(list(key_ids)),), note=note)

    def _add(self, sql: str, row: Row, *, what: str, note: Entry | None) -> None:
        try:
            self._writes.change(sql, row, note=note)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                raise NotFound(f"{what}: there is no such tenant") from error
            raise ValueError(f"{what} exists already") from error
