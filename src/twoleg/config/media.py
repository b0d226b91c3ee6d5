"""How phones hear each other: the keys of `[media]`, and what they must be together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from twoleg.config import values
from twoleg.config.errors import ConfigError
from twoleg.config.values import Address, Rule
from twoleg.domain.cadences import CADENCES

_MODES = ("direct", "rtpio", "rtpengine")


def _read_mode(value: object) -> str:
    if value not in _MODES:
        raise ValueError
    return str(value)


def _read_modes_by_tenant(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - what a rule raises
    return {values.text(tenant): _read_mode(mode) for tenant, mode in value.items()}


def _modes_by_tenant_from_text(written: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in written.split(",") if pair]
    return {tenant.strip(): mode.strip() for tenant, _, mode in pairs}


_MODE: Rule[str] = values.one_of("auto", *_MODES)
_MODE_LIST: Rule[tuple[str, ...]] = values.listed("a list of some of " + ", ".join(_MODES), _read_mode)
_BY_TENANT: Rule[dict[str, str]] = Rule(
    'a table such as { "t0123456789abcdef" = "rtpengine" }; each mode one of ' + ", ".join(_MODES),
    _read_modes_by_tenant,
    _modes_by_tenant_from_text,
)
_TRANSPORT: Rule[str] = values.one_of("rtp", "srtp", "webrtc")
_COUNTRY: Rule[str] = values.one_of(*CADENCES)
_CONTROL_PORTS: Rule[tuple[Address, ...]] = values.listed(
    'a list of ADDRESS:PORT, such as ["127.0.0.1:2223"]', values.COLLECTOR.read
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """How phones hear each other. Paths are absolute once loaded."""

    mode: Annotated[str, _MODE] = "auto"
    """"auto": rtpio where it can be had, else direct; who starts the service settles which."""
    fallback: Annotated[tuple[str, ...], _MODE_LIST] = ()
    tenants: Annotated[Mapping[str, str], _BY_TENANT] = field(default_factory=dict)
    calls: Annotated[tuple[str, ...], _MODE_LIST] = ()
    """What single calls may ask for besides all these."""
    ringback: Annotated[str, _COUNTRY] = "CN"
    greeting: Annotated[str | None, values.FILE] = None
    rtpengine: Annotated[tuple[Address, ...], _CONTROL_PORTS] = ()
    rtpengine_captures: Annotated[str | None, values.FILE] = None
    agent_transport: Annotated[str, _TRANSPORT] = "rtp"
    customer_transport: Annotated[str, _TRANSPORT] = "rtp"
    rtpio_port_min: Annotated[int, values.whole(1024, 65534)] = 35000
    rtpio_port_max: Annotated[int, values.whole(1025, 65535)] = 49999
    silent_after: Annotated[float, values.seconds(1, 3600)] = 10.0
    hang_up_after_silence: Annotated[float, values.seconds(0, 86_400)] = 0.0

    @property
    def modes(self) -> frozenset[str]:
        """All that some call may get."""
        return frozenset((self.mode, *self.fallback, *self.tenants.values(), *self.calls))


def check_media(file: str, media: MediaSettings) -> None:
    """Raises the `ConfigError` that names the first key that does not fit the others."""
    if "rtpengine" in media.modes and not media.rtpengine:
        raise ConfigError(f"{file}: media.rtpengine is missing: it says where the daemons are asked")
    if media.rtpio_port_min >= media.rtpio_port_max:
        raise ConfigError(f"{file}: media.rtpio_port_max must be above media.rtpio_port_min")
    if media.modes != {"rtpengine"}:
        for key in ("agent_transport", "customer_transport"):
            if getattr(media, key) != "rtp":
                raise ConfigError(f"{file}: media.{key} other than rtp needs rtpengine for every call, and no fallback")


def media_in_folder(media: MediaSettings, folder: Path) -> MediaSettings:
    """The same with absolute paths: relative ones are taken from the folder of the file."""

    def absolute(path: str | None) -> str | None:
        return None if path is None else str(folder / path)

    return replace(media, greeting=absolute(media.greeting), rtpengine_captures=absolute(media.rtpengine_captures))
