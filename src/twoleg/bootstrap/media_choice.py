"""What `media.mode = "auto"` comes to on this machine, and whether what `[media]` names can be had here."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace

from twoleg.config import Settings
from twoleg.domain.media import MediaMode

AUTO = "auto"
_LIBRARY = "rtp.io"
"""What the distribution rtp-io installs."""


@dataclass(frozen=True, slots=True)
class Found:
    """A kind of media for calls of which nothing else is said, and why it is that."""

    mode: str
    why: str
    is_sound: bool = True
    """Whether it can be had."""


def choose_media(settings: Settings) -> Found:
    """The mode that is named; for "auto" the embedded relay where it is installed and can serve, else direct media."""
    media = settings.media
    if media.mode != AUTO:
        missing = MediaMode.RTPIO.value in media.modes and not is_installed()
        return Found(media.mode, "rtp-io is not installed" if missing else "media.mode names it", is_sound=not missing)
    if not is_installed():
        return Found(MediaMode.DIRECT.value, "rtp-io is not installed")
    if any(":" in each.host for each in settings.sip.listen):
        return Found(MediaMode.DIRECT.value, "rtp-io relays IPv4 only, and sip.listen has an IPv6 address")
    return Found(MediaMode.RTPIO.value, "rtp-io is installed")


def settled(settings: Settings) -> Settings:
    """The same with a mode that is a kind of media, for processes that run by it."""
    return replace(settings, media=replace(settings.media, mode=choose_media(settings).mode))


def is_installed() -> bool:
    """Whether there is an rtp-io. Looks, and loads nothing: a fault in it would be ours."""
    try:
        return importlib.util.find_spec(_LIBRARY) is not None
    except ModuleNotFoundError:  # nor the package that it is in
        return False
