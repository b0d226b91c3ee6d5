"""A ladder as one SVG file: no script, no font and no picture from elsewhere. Hovering shows a message whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from textwrap import wrap
from typing import Final

from twoleg.application.ladder.as_text import heading_of, lanes_of
from twoleg.application.ladder.keeping import is_good
from twoleg.application.ladder.values import Entry, Kind, Ladder, Lane
from twoleg.application.ladder.wording import plain
from twoleg.domain.events import EventType

_LANES: Final[Mapping[Lane, int]] = {
    Lane.API: 130,
    Lane.AGENT: 240,
    Lane.TWOLEG: 530,
    Lane.CUSTOMER: 820,
    Lane.WEBHOOK: 1210,
}
"""Where the lanes stand, in pixels from the left."""
_TOP: Final = 112
_ROW: Final = 32
_LINE: Final = 14
_MOST_LINES: Final = 4
_DETAIL: Final = 50
"""Letters of a detail on one line."""
_PAUSE: Final = 16
"""More room above an entry that comes a second or more after the one before."""
_LONG: Final = 1_000_000
_MARGIN: Final = 360
"""Room for details right of the customer's lane."""
_LETTER: Final = 6.65
"""Pixels that a letter of the 11 px monospace font takes."""
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2) has no place for."""

_STYLE: Final = """
text{font:11px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1f2933}
.title{font-size:14px;font-weight:bold}.says,.clock,.detail{fill:#627080}.lane{font-weight:bold;text-anchor:middle}
.head{fill:#eef2f6;stroke:#9aa8b6}.life{stroke:#c3ccd5}.words{text-anchor:middle}.clock{text-anchor:end}
line.request{stroke:#1d4ed8}line.good{stroke:#15803d}line.bad{stroke:#b91c1c}line.other{stroke:#52606d}
text.request{fill:#1d4ed8}text.good{fill:#15803d}text.bad{fill:#b91c1c}
path.request{fill:#1d4ed8}path.good{fill:#15803d}path.bad{fill:#b91c1c}path.other{fill:#52606d}
.again{stroke-dasharray:4 3}.step{fill:#fff7e0;stroke:#d9a514}.well{fill:#e3f6e8;stroke:#15803d}
.ill{fill:#fde8e8;stroke:#b91c1c}
"""


def as_svg(ladder: Ladder) -> bytes:
    """UTF-8. Times are seconds since the first entry."""
    lanes = lanes_of(ladder)
    width = max(_LANES[lanes[-1]] + 70, _LANES[Lane.CUSTOMER] + _MARGIN)
    rows, bottom = _rows(ladder)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 24}" role="img">',
        f"<title>{_text(heading_of(ladder))}</title><style>{_STYLE}</style>",
        f'<rect width="{width}" height="{bottom + 24}" fill="#ffffff"/>',
        f'<text class="title" x="24" y="32">{_text(heading_of(ladder))}</text>',
        f'<text class="says" x="24" y="54">{_text(ladder.says)}</text>',
        *(_lane(lane, bottom) for lane in lanes),
        *rows,
        "</svg>\n",
    ]
    return "\n".join(parts).encode()


def _rows(ladder: Ladder) -> tuple[list[str], int]:
    """What is drawn for the entries, and how far down it goes."""
    rows, place, before = [], _TOP - 4, ladder.began_at
    for entry in ladder.entries:
        place += _ROW + (_PAUSE if entry.at - before >= _LONG else 0)
        before = entry.at
        details = _details(entry)
        below = _LINE if entry.kind is Kind.WEBHOOK else 0  # its arrow runs where other details stand
        rows.append(_row(entry, place, ladder) + _written(details, place + below))
        place += below + _LINE * max(0, len(details) - 2)
    return rows, place


def _details(entry: Entry) -> list[str]:
    words = ("sent again  " if entry.is_repeat else "") + entry.detail
    return wrap(words, _DETAIL, max_lines=_MOST_LINES, placeholder=" …")


def _written(details: list[str], y: int) -> str:
    x = _LANES[Lane.CUSTOMER] + 12
    return "".join(
        f'<text class="detail" x="{x}" y="{y + 4 + number * _LINE}">{_text(line)}</text>'
        for number, line in enumerate(details)
    )


def _lane(lane: Lane, bottom: int) -> str:
    x = _LANES[lane]
    return (
        f'<line class="life" x1="{x}" y1="{_TOP - 16}" x2="{x}" y2="{bottom + 14}"/>'
        f'<rect class="head" x="{x - 45}" y="{_TOP - 40}" width="90" height="24" rx="4"/>'
        f'<text class="lane" x="{x}" y="{_TOP - 24}">{lane.value}</text>'
    )


def _row(entry: Entry, y: int, ladder: Ladder) -> str:
    clock = f'<text class="clock" x="76" y="{y + 4}">{(entry.at - ladder.began_at) / 1_000_000:+.3f}</text>'
    drawn = _step(entry, y, ladder) if entry.source is entry.target else _arrow(entry, y)
    return f"<g>{_hover(entry)}{clock}{drawn}</g>"


def _hover(entry: Entry) -> str:
    if entry.message is None:
        return f"<title>{_text(entry.detail)}</title>" if entry.detail else ""
    message = entry.message
    way = f"{message.transport} {message.source.text} -> {message.destination.text}"
    return f"<title>{_text(way)}\n\n{_text(message.data.decode('utf-8', 'replace'))}</title>"


def _step(entry: Entry, y: int, ladder: Ladder) -> str:
    width = round(len(entry.label) * _LETTER) + 20
    x = _LANES[entry.source] - width // 2
    end = "well" if is_good(ladder.call) else "ill"
    kind = end if entry.label.endswith(EventType.CALL_ENDED.value) else "step"
    return (
        f'<rect class="{kind}" x="{x}" y="{y - 10}" width="{width}" height="20" rx="10"/>'
        f'<text class="words" x="{_LANES[entry.source]}" y="{y + 4}">{_text(entry.label)}</text>'
    )


def _arrow(entry: Entry, y: int) -> str:
    begin, end = _LANES[entry.source], _LANES[entry.target]
    left, right = min(begin, end), max(begin, end)
    if entry.kind is Kind.WEBHOOK:
        left = _LANES[Lane.CUSTOMER]
    kind = _kind(entry)
    words = plain(entry.label, most=int((right - left - 20) / _LETTER))
    head = end - 9 if end > begin else end + 9
    again = " again" if entry.is_repeat else ""
    return (
        f'<line class="{kind}{again}" x1="{begin}" y1="{y}" x2="{end}" y2="{y}"/>'
        f'<path class="{kind}" d="M{end},{y}L{head},{y - 4}L{head},{y + 4}Z"/>'
        f'<text class="words {kind}" x="{(left + right) // 2}" y="{y - 5}">{_text(words)}</text>'
    )


def _kind(entry: Entry) -> str:
    if entry.kind is not Kind.SIP:
        return "other"
    status = entry.label[:1] if entry.label[:3].isdigit() else ""
    return {"": "request", "1": "other", "2": "good", "3": "other"}.get(status, "bad")


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
