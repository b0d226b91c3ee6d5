"""A process that opens (and so migrates) a file when it is told to, and says what it found. Argument: the file."""

from __future__ import annotations

import sys
from pathlib import Path

from store.files import opened
from twoleg.adapters.store.sqlite import UnusableStore


def main(path: str) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        store = opened(Path(path))
    except UnusableStore as error:
        sys.stdout.write(f"{error}\n")
    else:
        sys.stdout.write(f"{len(store.directory().tenants())} tenants\n")
        store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
