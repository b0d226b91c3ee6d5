"""The phones: sipp processes, one for each habit, that write down every SIP message with its time.

A phone's number says how it behaves: its first digit is the role of its leg, its second the habit.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

SCENARIO = Path(__file__).parent / "phone.xml"
AGENT, CUSTOMER = "1", "2"
"""First digits."""
_LAST_WORDS = 5.0


@dataclass(frozen=True, slots=True)
class Habit:
    """What a phone does when it is called. Times are in ms."""

    digit: str
    says: str
    then: str
    """The label of `phone.xml` to go to when it has rung long enough: "answer", "busy", "stay" (it never answers)."""
    rings: int
    talks: int
    """From the last message of the other side to its own BYE; longer than any call: it waits for the other's."""

    @property
    def prefixes(self) -> tuple[str, str]:
        """Of its numbers."""
        return (AGENT + self.digit, CUSTOMER + self.digit)


_FOR_EVER = 3_600_000
STAYS = Habit("1", "answers and stays", "answer", rings=200, talks=_FOR_EVER)
HANGS_UP = Habit("2", "answers and hangs up", "answer", rings=80, talks=1000)
NEVER_ANSWERS = Habit("3", "never answers", "stay", rings=_FOR_EVER, talks=_FOR_EVER)
IS_BUSY = Habit("4", "is busy", "busy", rings=50, talks=_FOR_EVER)
HABITS = (STAYS, HANGS_UP, NEVER_ANSWERS, IS_BUSY)


class Phones:
    """All of them, from `with` to the end of the block. What they saw is in `traces`."""

    def __init__(self, folder: Path, ports: dict[Habit, int]) -> None:
        """`ports`: of loopback, where each habit's phones are."""
        self.traces = {habit: folder / f"phones-{habit.digit}.tsv" for habit in ports}
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            for habit, port in ports.items():
                self._processes.append(_start(habit, port, folder, self.traces[habit]))
        except OSError:
            self.close()
            raise

    def gone(self) -> list[int]:
        """Exit codes of those that ended by themselves: none, in a sound run."""
        return [process.returncode for process in self._processes if process.poll() is not None]

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait(_LAST_WORDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _start(habit: Habit, port: int, folder: Path, trace: Path) -> subprocess.Popen[bytes]:
    scenario = folder / f"phones-{habit.digit}.xml"
    text = SCENARIO.read_text().replace("{then}", habit.then)
    scenario.write_text(text.replace("{rings}", str(habit.rings)).replace("{talks}", str(habit.talks)))
    command = [
        *("sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port), "-nostdin"),
        # 2xx are repeated for 64*T1 (RFC 3261 13.3.1.4), and a message out of order is no end of a call
        *("-max_invite_retrans", "10", "-max_non_invite_retrans", "10", "-default_behaviors", "all,-abortunexp"),
        *("-buff_size", str(4 * 1024 * 1024), "-max_recv_loops", "1000", "-max_socket", "1000"),
        *("-watchdog_major_maxtriggers", "-1", "-watchdog_minor_maxtriggers", "-1"),
        *("-trace_shortmsg", "-shortmessage_file", str(trace)),
        *("-trace_err", "-error_file", str(trace.with_suffix(".errors"))),
    ]
    with trace.with_suffix(".screen").open("wb") as screen:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)
