"""A process that places calls until it is killed. Arguments: file, first serial, step, and "own" or "same" numbers.

Says `ready`, waits for a line, then says each serial once it is acknowledged, or `-` where it was refused.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from contract.worlds import numbered
from domain.calls import a_call
from store.files import opened
from twoleg.adapters.store.sqlite.intake import SqliteIntake
from twoleg.application.ports import Intent, Placed

AT_ONCE = 8


async def place_for_ever(intake: SqliteIntake, *, first: int, step: int, same: bool) -> None:
    serials = count(first, step)

    async def place() -> None:
        for serial in serials:
            call = a_call(serial=serial) if same else numbered(serial)
            answer = await intake.place(Intent(call))
            sys.stdout.write(f"{answer.serial if isinstance(answer, Placed) else '-'}\n")
            sys.stdout.flush()

    await asyncio.gather(*(place() for _ in range(AT_ONCE)))


def main(path: str, first: str, step: str, numbers: str) -> None:
    store = opened(Path(path))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    asyncio.run(place_for_ever(store.intake(), first=int(first), step=int(step), same=numbers == "same"))


if __name__ == "__main__":
    main(*sys.argv[1:])
