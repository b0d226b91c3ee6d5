"""The headers of Standard Webhooks (standardwebhooks.com, specification 1.0): signed with each live secret."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook


def signed_headers(secrets: Sequence[str], *, message_id: str, now_ms: int, body: bytes) -> list[tuple[str, str]]:
    """`now_ms`: ms since the epoch. While a secret is being rotated, there is a signature by each, the newest first."""
    at = datetime.fromtimestamp(now_ms // 1000, UTC)
    signatures = [Webhook(each).sign(message_id, at, body.decode()) for each in secrets]
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(now_ms // 1000)),
        ("webhook-signature", " ".join(signatures)),
    ]
