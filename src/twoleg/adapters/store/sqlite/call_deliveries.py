"""The attempts to tell webhook receivers of one call, for its ladder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from twoleg.adapters.store.sqlite.queries import query
from twoleg.adapters.store.sqlite.reads import Reads
from twoleg.application.ladder.values import Delivery

_DELIVERIES = query("deliveries_of_call")
_MOST: Final = 500
"""Of one call: some ten events, a few receivers, a day of retries."""


class SqliteCallDeliveries:
    """The `DeliveryReader`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def deliveries(self, serial: int) -> Sequence[Delivery]:
        """See `DeliveryReader.deliveries`."""
        return [
            Delivery(
                at=at,
                receiver=_host_of(url),
                event=kind or "unknown",
                outcome=said if status is None else f"HTTP {status}",
            )
            for at, url, kind, status, said in self._reads.all(_DELIVERIES, serial, _MOST)
        ]


def _host_of(url: str) -> str:
    """The host alone: path, query and user may be secrets that open the receiver's door."""
    try:
        return urlsplit(url).hostname or "unknown"
    except ValueError:
        return "unknown"
