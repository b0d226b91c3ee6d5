"""Tenants, apps and signing keys as they are committed."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.adapters.store.sqlite import rows
from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.adapters.store.sqlite.sealed_keys import SealedKeys
from twoleg.application.ports import App, SigningKey
from twoleg.domain.tenant import Tenant

_TENANT = query("tenant")
_TENANTS = query("tenants")
_APP = query("app")
_APPS = query("apps")
_APPS_OF_TENANT = query("apps_of_tenant")
_IS_ENABLED = query("is_enabled")
_SIGNING_KEYS = query("signing_keys")


class SqliteDirectory:
    """The `Directory`. Nothing is cached: what another process committed is seen at once. Raises `StoreUnavailable`."""

    def __init__(self, reads: Reads, keys: SealedKeys) -> None:
        self._reads = reads
        self._keys = keys

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant of that id."""
        row = self._reads.one(_TENANT, tenant_id)
        return None if row is None else rows.tenant_from(row)

    def tenants(self) -> Sequence[Tenant]:
        """All tenants, oldest first."""
        return [rows.tenant_from(row) for row in self._reads.all(_TENANTS)]

    def app(self, app_key: str) -> App | None:
        """The app of that key, enabled or not."""
        row = self._reads.one(_APP, app_key)
        return None if row is None else rows.app_from(row)

    def apps(self, tenant_id: str | None = None) -> Sequence[App]:
        """The apps of one tenant or of all, oldest first."""
        found = self._reads.all(_APPS) if tenant_id is None else self._reads.all(_APPS_OF_TENANT, tenant_id)
        return [rows.app_from(row) for row in found]

    def is_enabled(self, app_key: str) -> bool:
        """Whether the app exists and is enabled."""
        return self._reads.one(_IS_ENABLED, app_key) is not None

    def signing_keys(self) -> Sequence[SigningKey]:
        """See `Directory.signing_keys`."""
        return self._keys.open_all(self._reads.all(_SIGNING_KEYS))
