"""Settings of the service: read once from one TOML file and `TWOLEG_...` variables, handed over as values.

Nothing else reads the file or the environment. Every wrong key or value is a `ConfigError` of one line that names it.
"""

from twoleg.config.errors import ConfigError
from twoleg.config.media import MediaSettings
from twoleg.config.reading import known_keys, load, locate
from twoleg.config.recording import RecordingSettings
from twoleg.config.service import ServiceSettings
from twoleg.config.settings import (
    HttpSettings,
    LogSettings,
    NodeSettings,
    SandboxSettings,
    Settings,
    SipSettings,
    StoreSettings,
    TimerSettings,
    TlsSettings,
    TrunkSettings,
)
from twoleg.config.values import Address
from twoleg.config.webhooks import WebhookSettings

__all__ = [
    "Address",
    "ConfigError",
    "HttpSettings",
    "LogSettings",
    "MediaSettings",
    "NodeSettings",
    "RecordingSettings",
    "SandboxSettings",
    "ServiceSettings",
    "Settings",
    "SipSettings",
    "StoreSettings",
    "TimerSettings",
    "TlsSettings",
    "TrunkSettings",
    "WebhookSettings",
    "known_keys",
    "load",
    "locate",
]
