"""A process that tries to change a read-only file, waits for a line, and tries again. Arguments: the file, the user.

It becomes that user first, because root may write anything.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from contract.worlds import numbered
from store.files import opened
from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.adapters.store.sqlite.intake import SqliteIntake
from twoleg.adapters.store.sqlite.migrations import known_migrations
from twoleg.application.errors import StoreUnavailable
from twoleg.application.ports import Intent, Placed, SigningKey


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def place(intake: SqliteIntake) -> None:
    try:
        answer = await intake.place(Intent(numbered(1)))
    except StoreUnavailable as error:
        say(error)
    else:
        assert isinstance(answer, Placed)
        say(f"placed {answer.serial}")


def add(store: SqliteStore) -> None:
    try:
        store.registry().add_signing_key(SigningKey("k", b"s"), at=1)
    except StoreUnavailable as error:
        say(error)
    else:
        say("added")


async def main(path: str, user: str) -> None:
    known_migrations()  # read while the package's own files can be
    os.setuid(int(user))
    store = opened(Path(path))
    intake = store.intake()
    say(f"{len(store.directory().tenants())} tenants")
    await place(intake)
    add(store)
    sys.stdin.readline()
    await place(intake)
    add(store)
    store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
