"""The SDK: place calls, watch them, understand them, from a program of yours; blocking or with asyncio.

```python
from twoleg.client import Client

with Client("http://127.0.0.1:8080", app_key, app_secret) as client:
    call = client.calls.create("55500200", "55500002")
    call.wait_until("talking", timeout=60)
    for event in call.events():
        print(event.name, event.data.at)
    print(call.explain().sentence)
```

`AsyncClient` has the same methods to await. `client.compatible` speaks the interface of the vendor's pages, to this
service and to the vendor's own. `webhooks` checks callbacks. It depends on nothing else of this package.
"""

from __future__ import annotations

from twoleg.client import webhooks
from twoleg.client.async_client import AsyncCall, AsyncClient
from twoleg.client.errors import (
    CallEnded,
    Conflict,
    ConnectionFailed,
    NotFound,
    Refused,
    ServiceFailed,
    TooManyRequests,
    TwolegError,
    Unauthorized,
    UnexpectedAnswer,
    WaitTimeout,
    WebhookRejected,
)
from twoleg.client.models import CallFacts, Event, Explanation, LegFacts, Progress
from twoleg.client.sync_client import Call, Client

__all__ = [
    "AsyncCall",
    "AsyncClient",
    "Call",
    "CallEnded",
    "CallFacts",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "Explanation",
    "LegFacts",
    "NotFound",
    "Progress",
    "Refused",
    "ServiceFailed",
    "TooManyRequests",
    "TwolegError",
    "Unauthorized",
    "UnexpectedAnswer",
    "WaitTimeout",
    "WebhookRejected",
    "webhooks",
]
