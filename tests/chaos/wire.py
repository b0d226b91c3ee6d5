"""What the phones saw, from the short message traces that sipp writes: one line for each SIP message, as it goes.

date, time, seconds since the epoch, R or S, Call-ID, CSeq, start line: separated by tabs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_NUMBER = re.compile(r"INVITE sips?:\+?(\d+)@")
_FIELDS = 7


@dataclass(slots=True)
class Leg:
    """One phone's view of one dialog, or of what would have become one."""

    call_id: str
    number: str = ""
    """Whom the INVITE called; "" when no INVITE ever came."""
    messages: list[tuple[float, str]] = field(default_factory=list)
    """Seconds since the epoch; `<INVITE` was heard, `>200 INVITE` was said, `>BYE` too."""

    def has(self, *said: str) -> bool:
        """One of these words is among the messages."""
        return any(word in said for _, word in self.messages)

    @property
    def is_answered(self) -> bool:
        """The phone took off."""
        return self.has(">200 INVITE")

    @property
    def hung_up(self) -> bool:
        """The phone's owner did."""
        return self.has(">BYE")

    @property
    def is_open(self) -> bool:
        """It rings or talks, and neither side has said goodbye.

        An answered phone that was never acknowledged is in a dead call too, whatever it says at last.
        """
        if self.is_answered:
            return not self.has("<BYE") and not (self.hung_up and self.has("<ACK"))
        return bool(self.number) and not self.has("<CANCEL", ">486 INVITE", ">487 INVITE")

    def lines(self) -> list[str]:
        """For people."""
        return [f"{at:.3f} {self.number} {word}  {self.call_id}" for at, word in self.messages]


class Wire:
    """All legs so far. `read` takes in what was written since the last time."""

    def __init__(self, traces: Iterable[Path]) -> None:
        self._places = dict.fromkeys(traces, 0)
        self.legs: dict[str, Leg] = {}

    def read(self) -> None:
        """Whole lines only: what is still being written is read next time."""
        for path, place in self._places.items():
            if not path.exists():
                continue
            with path.open("rb") as trace:
                trace.seek(place)
                fresh = trace.read()
            end = fresh.rfind(b"\n") + 1
            self._places[path] = place + end
            for line in fresh[:end].decode(errors="replace").splitlines():
                self.take(line)

    def take(self, line: str) -> None:
        """One message."""
        fields = line.split("\t")
        if len(fields) < _FIELDS:
            return
        _, _, at, way, call_id, cseq, start = fields[:_FIELDS]
        leg = self.legs.setdefault(call_id, Leg(call_id))
        leg.messages.append((float(at), _word(way, cseq, start)))
        invited = _NUMBER.match(start)
        if invited and way == "R":
            leg.number = leg.number or invited[1]

    def by_number(self) -> dict[str, list[Leg]]:
        """Those that were called, by whom they called."""
        found: dict[str, list[Leg]] = {}
        for leg in self.legs.values():
            if leg.number:
                found.setdefault(leg.number, []).append(leg)
        return found

    def open(self) -> list[Leg]:
        """Those that nobody has ended yet."""
        return [leg for leg in self.legs.values() if leg.is_open]


def _word(way: str, cseq: str, start: str) -> str:
    arrow = "<" if way == "R" else ">"
    first, _, rest = start.partition(" ")
    if first == "SIP/2.0":
        return f"{arrow}{rest.split(' ')[0]} {cseq.rpartition(' ')[2]}"
    return f"{arrow}{first}"
