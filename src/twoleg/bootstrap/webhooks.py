"""What the API, the command line and the webhook process need of webhooks: the desk, and what seals secrets."""

from __future__ import annotations

from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.adapters.webhooks.secret_box import FileSecretBox, key_file_of
from twoleg.application.webhook_desk import WebhookDesk
from twoleg.bootstrap.store_file import file_of
from twoleg.config import Settings


def desk_of(settings: Settings, store: SqliteStore) -> WebhookDesk:
    """The use cases of endpoints, over connections of their own."""
    return WebhookDesk(
        book=store.endpoint_book(),
        box=secret_box_of(settings),
        feed=store.event_feed(),
        clock=SystemClock(),
        entropy=SystemEntropy(),
    )


def secret_box_of(settings: Settings) -> FileSecretBox:
    """What seals the secrets of that store's endpoints."""
    return FileSecretBox(key_file_of(file_of(settings.store.url)), entropy=SystemEntropy())
