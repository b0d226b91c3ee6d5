"""The formats a ladder can be had in: their names, media types and file endings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, unique
from typing import Final

from twoleg.application.ladder.as_json import as_json
from twoleg.application.ladder.as_mermaid import as_mermaid
from twoleg.application.ladder.as_pcap import as_pcap
from twoleg.application.ladder.as_svg import as_svg
from twoleg.application.ladder.as_text import as_text
from twoleg.application.ladder.values import Ladder


@unique
class Format(Enum):
    """By the name that `?format=` and `--format` know it by."""

    JSON = "json"
    TEXT = "text"
    MERMAID = "mermaid"
    SVG = "svg"
    PCAP = "pcap"


MEDIA_TYPES: Final[Mapping[Format, str]] = {
    Format.JSON: "application/json",
    Format.TEXT: "text/plain; charset=utf-8",
    Format.MERMAID: "text/vnd.mermaid; charset=utf-8",
    Format.SVG: "image/svg+xml",
    Format.PCAP: "application/vnd.tcpdump.pcap",
}
"""As the Content-Type of an answer has them."""

_RENDERERS: Final[Mapping[Format, Callable[[Ladder], bytes]]] = {
    Format.JSON: as_json,
    Format.TEXT: as_text,
    Format.MERMAID: as_mermaid,
    Format.SVG: as_svg,
    Format.PCAP: as_pcap,
}


def render(ladder: Ladder, wanted: Format) -> bytes:
    """The ladder in that format; some milliseconds for a long one."""
    return _RENDERERS[wanted](ladder)
