"""A ladder as a Mermaid sequence diagram (mermaid.js.org/syntax/sequenceDiagram.html): for wikis and issues."""

from __future__ import annotations

import re
from typing import Final

from twoleg.application.ladder.as_text import heading_of, lanes_of
from twoleg.application.ladder.values import Entry, Ladder
from twoleg.application.ladder.wording import plain

_UNSAFE: Final = re.compile(r"[^\w .,:/@()+=*'-]")
"""Mermaid gives meaning to `;`, `#`, `%%`, arrows and HTML tags; its own way to escape is #CODE;."""
_ARROWS: Final = re.compile(r"-(?=[-)>x])")


def as_mermaid(ladder: Ladder) -> bytes:
    """UTF-8. Each line begins with the seconds since the first entry."""
    lines = [
        "sequenceDiagram",
        f"    title {_safe(heading_of(ladder))}",
        *(f"    participant {lane.value}" for lane in lanes_of(ladder)),
        f"    Note over twoleg: {_safe(ladder.says)}",
    ]
    return "\n".join([*lines, *(_line(each, ladder.began_at) for each in ladder.entries), ""]).encode()


def _line(entry: Entry, began_at: int) -> str:
    again = " (again)" if entry.is_repeat else ""
    words = f"{(entry.at - began_at) / 1_000_000:+.3f} {_safe(entry.label)}{again}"
    if entry.source is entry.target:
        detail = f"<br/>{_safe(entry.detail)}" if entry.detail else ""
        return f"    Note over {entry.source.value}: {words}{detail}"
    return f"    {entry.source.value}->>{entry.target.value}: {words}"


def _safe(text: str) -> str:
    shown = _UNSAFE.sub(lambda found: f"#{ord(found[0])};", plain(text, most=300))
    return _ARROWS.sub("#45;", shown)
