"""How webhooks are delivered: the keys of `[webhooks]`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from twoleg.config import values
from twoleg.config.errors import ConfigError
from twoleg.config.values import Rule


def _read_network(value: object) -> str:
    return str(ipaddress.ip_network(values.text(value)))


NETWORKS: Rule[tuple[str, ...]] = values.listed(
    'a list of networks, such as ["10.20.0.0/16", "fd00:1::/32"]', _read_network
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """How webhooks are delivered. Times in seconds."""

    enabled: Annotated[bool, values.TRUTH] = True
    """False: endpoints are kept, and served when it is true again."""
    concurrency: Annotated[int, values.whole(1, 256)] = 8
    """Deliveries of one endpoint under way at once, each of another call."""
    timeout: Annotated[float, values.seconds(0.1, 120)] = 15.0
    retry_first: Annotated[float, values.seconds(0.01, 3600)] = 5.0
    retry_longest: Annotated[float, values.seconds(0.01, 86_400)] = 3600.0
    retry_window: Annotated[float, values.seconds(1, 604_800)] = 86_400.0
    allow_private: Annotated[tuple[str, ...], NETWORKS] = ()
    """Networks in which receivers may live though they are not public."""
    ca: Annotated[str | None, values.FILE] = None
    """Whom to trust besides whom the system trusts. Absolute once loaded."""


def check_webhooks(file: str, webhooks: WebhookSettings) -> None:
    """Raises the `ConfigError` that names the first key that does not fit the others."""
    if webhooks.retry_longest < webhooks.retry_first:
        raise ConfigError(f"{file}: webhooks.retry_longest is shorter than webhooks.retry_first")


def webhooks_in_folder(webhooks: WebhookSettings, folder: Path) -> WebhookSettings:
    """With relative paths taken from that folder."""
    return webhooks if webhooks.ca is None else replace(webhooks, ca=str(folder / webhooks.ca))
