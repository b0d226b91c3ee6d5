"""Every setting with its rule and default: the one list of keys. `twoleg.example.toml` explains them; a test compares.

A key is a field, its rule stands in its annotation; one without a default must be given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from twoleg.config import values
from twoleg.config.ladder import LadderSettings
from twoleg.config.media import MediaSettings
from twoleg.config.recording import BASE_URL, RecordingSettings
from twoleg.config.service import ServiceSettings
from twoleg.config.values import Address, Rule
from twoleg.config.webhooks import WebhookSettings
from twoleg.domain.trunk import IdentityHeader

_HTTP = Address("tcp", "127.0.0.1", 8080)
_SIP = Address("udp", "127.0.0.1", 5060)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The HTTP face."""

    listen: Annotated[Address, values.TCP_ADDRESS] = _HTTP
    workers: Annotated[int, values.whole(1, 64)] = 1
    """API processes that share the address."""
    public_url: Annotated[str | None, BASE_URL] = None
    """Where clients reach us, for URLs that we hand out; None: where the request at hand was sent to."""
    key_days: Annotated[int, values.whole(0, 3650)] = 30
    """How long a key signs tokens before a new one does; 0: until `twoleg keys rotate`."""
    metrics_token: Annotated[str | None, values.BEARER_TOKEN] = field(default=None, repr=False)
    """What opens /metrics; None: there is no such path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where everything durable is kept."""

    url: Annotated[str, values.STORE_URL]
    """Absolute once loaded: a relative one is taken from the folder of the configuration file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings:
    """The SIP face."""

    listen: Annotated[tuple[Address, ...], values.SIP_ADDRESSES] = (_SIP,)
    """One for each transport and address family at most; the first is the one that From and SDP name."""
    advertised: Annotated[tuple[str, ...], values.REACHABLE] = ()
    """The IP address of each family that peers are told in Via, Contact and SDP; none: that of `listen`."""
    messages_per_second: Annotated[int, values.whole(0, 1_000_000)] = 100
    """What one address that we do not call may send; 0: no limit."""
    session_expires: Annotated[int, values.whole_or_off(90, 86_400)] = 1800
    """Seconds: the session interval that we ask for, and the longest that we agree to (RFC 4028); 0 asks for none."""
    min_se: Annotated[int, values.whole(90, 86_400)] = 90
    """Seconds: the shortest that we agree to."""
    refuse_calls_with: Annotated[int, values.whole(403, 404)] = 403
    """What whoever calls us is answered: 403 Forbidden, or 404 as if there were nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """SIP over TLS. Paths are absolute once loaded: relative ones are taken from the folder of the file."""

    certificate: Annotated[str | None, values.FILE] = None
    key: Annotated[str | None, values.FILE] = None
    ca: Annotated[str | None, values.FILE] = None
    """Whom to trust; None: whom the system trusts."""
    verify_clients: Annotated[bool, values.TRUTH] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSettings:
    """One way out to phones."""

    name: Annotated[str, values.TRUNK_NAME]
    uri: Annotated[str, values.TRUNK_URI]
    prefixes: Annotated[tuple[str, ...], values.PREFIXES] = ("",)
    username: Annotated[str | None, values.WORD] = None
    password: Annotated[str | None, values.SECRET] = field(default=None, repr=False)
    priority: Annotated[int, values.whole(0, 65535)] = 0
    weight: Annotated[int, values.whole(0, 65535)] = 1
    tenants: Annotated[tuple[str, ...] | None, values.TENANTS] = None
    strip: Annotated[str, values.DIGITS] = ""
    prepend: Annotated[str, values.DIGITS] = ""
    clip_strip: Annotated[str, values.DIGITS] = ""
    clip_prepend: Annotated[str, values.DIGITS] = ""
    channels: Annotated[int | None, values.whole(1, 1_000_000)] = None
    calls_per_second: Annotated[float | None, values.rate(0.01, 10_000)] = None
    identity: Annotated[tuple[IdentityHeader, ...], values.IDENTITY] = (IdentityHeader.ASSERTED,)
    privacy: Annotated[bool, values.TRUTH] = False
    attempt_timeout: Annotated[float, values.seconds(0.5, 32)] = 4.0
    register: Annotated[bool, values.TRUTH] = False
    register_expires: Annotated[int, values.whole(60, 604_800)] = 3600
    options_every: Annotated[float, values.seconds(0, 3600)] = 0.0
    options_failures: Annotated[int, values.whole(1, 100)] = 3
    options_successes: Annotated[int, values.whole(1, 100)] = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSettings:
    """How long each phase of a call may last, in seconds."""

    queue: Annotated[float, values.seconds(0.1, 3600)] = 60.0
    ring_agent: Annotated[float, values.seconds(0.1, 3600)] = 30.0
    ring_customer: Annotated[float, values.seconds(0.1, 3600)] = 45.0
    max_talk: Annotated[float, values.seconds(0.1, 604800)] = 14400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """The carrier in the box."""

    enabled: Annotated[bool, values.TRUTH] = False
    listen: Annotated[Address | None, values.UDP_ADDRESS] = None
    """None: where the first trunk on this machine points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is written to stderr."""

    level: Annotated[str, values.one_of("debug", "info", "warning", "error")] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """Who this service is among its likes."""

    id: Annotated[int, values.whole(0, 63)] = 0
    """Part of every serial drawn here: two services must not share it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration, checked."""

    source: Path
    """The file it was read from."""
    store: StoreSettings
    service: ServiceSettings = field(default_factory=ServiceSettings)
    http: HttpSettings = HttpSettings()
    sip: SipSettings = SipSettings()
    sip_tls: TlsSettings = TlsSettings()
    trunks: tuple[TrunkSettings, ...] = ()
    timers: TimerSettings = TimerSettings()
    sandbox: SandboxSettings = SandboxSettings()
    media: MediaSettings = field(default_factory=MediaSettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    log: LogSettings = LogSettings()
    node: NodeSettings = NodeSettings()
    ladder: LadderSettings = field(default_factory=LadderSettings)


SECTIONS: dict[str, type[Any]] = {
    "service": ServiceSettings,
    "http": HttpSettings,
    "store": StoreSettings,
    "sip": SipSettings,
    "sip.tls": TlsSettings,
    "timers": TimerSettings,
    "sandbox": SandboxSettings,
    "media": MediaSettings,
    "recording": RecordingSettings,
    "webhooks": WebhookSettings,
    "log": LogSettings,
    "node": NodeSettings,
    "ladder": LadderSettings,
}
"""The tables of the file, one of them inside another; `[[trunk]]` is the one list beside them."""

TRUNK = "trunk"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table."""

    rule: Rule[Any]
    required: bool


def keys_of(section: type[Any]) -> Mapping[str, Key]:
    """The keys of one table, by name."""
    hints = get_type_hints(section, include_extras=True)
    return {
        key.name: Key(get_args(hints[key.name])[1], key.default is MISSING and key.default_factory is MISSING)
        for key in fields(section)
    }
