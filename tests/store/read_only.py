"""A process that changes a file each time a line comes, or says why it cannot. Arguments: the file, the user.

It becomes that user first, because root may write anything.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from contract.worlds import numbered
from store.files import opened
from twoleg.adapters.store.sqlite import SqliteStore, UnusableStore
from twoleg.adapters.store.sqlite.intake import SqliteIntake
from twoleg.adapters.store.sqlite.migrations import known_migrations
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import Intent, Placed, SigningKey


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def place(intake: SqliteIntake, serial: int) -> None:
    try:
        answer = await intake.place(Intent(numbered(serial)))
    except StoreUnavailable as error:
        say(error)
    else:
        assert isinstance(answer, Placed)
        say(f"placed {answer.serial}")


def add(store: SqliteStore, number: int) -> None:
    try:
        store.registry().add_signing_key(SigningKey(f"k{number}", b"s"), at=1)
    except StoreUnavailable as error:
        say(error)
    else:
        say("added")


async def main(path: str, user: str) -> None:
    known_migrations()  # read while the package's own files can be
    os.setuid(int(user))
    try:
        store = opened(Path(path))
    except UnusableStore as error:
        say(error)
        return
    intake = store.intake()
    say(f"{len(store.directory().tenants())} tenants")
    for turn in count(1):
        if not sys.stdin.readline():
            break
        await place(intake, turn)
        add(store, turn)
    store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
