"""A ladder for terminals and mails: one line an entry, in columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from twoleg.application.ladder.values import Entry, Ladder, Lane
from twoleg.application.ladder.wording import plain

_COLUMNS: Final[Mapping[Lane, int]] = {
    Lane.API: 2,
    Lane.AGENT: 12,
    Lane.TWOLEG: 46,
    Lane.CUSTOMER: 80,
    Lane.WEBHOOK: 106,
}
"""Where the lanes stand; an arrow from twoleg to a phone has room for 30 characters."""
_CLOCK: Final = "{:>+10.3f}  "


def as_text(ladder: Ladder) -> bytes:
    """UTF-8. Times are seconds since the first entry."""
    lanes = lanes_of(ladder)
    names = [" "] * _width(lanes)
    for lane in lanes:
        _put(names, max(0, _COLUMNS[lane] - len(lane.value) // 2), lane.value)
    rows = [_line(each, lanes, ladder.began_at) for each in ladder.entries]
    return "\n".join([heading_of(ladder), ladder.says, "", " " * 12 + "".join(names).rstrip(), *rows, ""]).encode()


def lanes_of(ladder: Ladder) -> tuple[Lane, ...]:
    """The lanes that are drawn: webhooks only where there were some."""
    used = {entry.target for entry in ladder.entries}
    return tuple(lane for lane in Lane if lane is not Lane.WEBHOOK or lane in used)


def heading_of(ladder: Ladder) -> str:
    """Whose ladder it is, in one line."""
    call = ladder.call
    end = "in progress" if call.reason is None else f"ended with {int(call.reason)}: {call.reason.text}"
    return plain(f"Call {call.serial}, {call.agent.number} -> {call.customer.number}, {end}", most=300)


def _width(lanes: tuple[Lane, ...]) -> int:
    return _COLUMNS[lanes[-1]] + 5


def _line(entry: Entry, lanes: tuple[Lane, ...], began_at: int) -> str:
    row = [" "] * _width(lanes)
    for lane in lanes:
        row[_COLUMNS[lane]] = "|"
    if entry.source is entry.target:
        _put(row, _COLUMNS[entry.source], "* " + entry.label)
    else:
        _draw_arrow(row, _COLUMNS[entry.source], _COLUMNS[entry.target], entry.label)
    tail = "  ".join(["(again)"] * entry.is_repeat + [entry.detail] * bool(entry.detail))
    clock = _CLOCK.format((entry.at - began_at) / 1_000_000)
    return (clock + "".join(row) + tail).rstrip()


def _draw_arrow(row: list[str], begin: int, end: int, label: str) -> None:
    left, right = sorted((begin, end))
    room = right - left - 5
    words = f" {plain(label, most=room)} "
    shaft = words.center(right - left - 2, "-")
    _put(row, left + 1, shaft + ">" if end > begin else "<" + shaft)


def _put(row: list[str], place: int, text: str) -> None:
    """Write into the row; it grows where that is needed."""
    row[place : place + len(text)] = text
