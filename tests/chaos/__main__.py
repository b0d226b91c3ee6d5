"""`python -m chaos --kills 1000 --rate 20 --seed 1 --write`, with `tests` as the import root.

Its exit code is 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from chaos import page
from chaos.run import Orders, run
from patience import wall_clock_ms

_PAGE = Path(__file__).parents[2] / "docs" / "chaos.md"


def say(line: str) -> None:
    """To whoever waits."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--every", type=float, default=1.2, help="seconds between two kills, on average")
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second")
    parser.add_argument("--seed", type=int, default=wall_clock_ms() % 1_000_000)
    parser.add_argument("--write", action="store_true", help="write the table of docs/chaos.md")
    arguments = parser.parse_args()
    orders = Orders(kills=arguments.kills, every=arguments.every, rate=arguments.rate, seed=arguments.seed)
    # Leave by way of every `finally` when told to end: phones and service must not be left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    say(f"seed {orders.seed}, in {folder}")
    outcome = asyncio.run(run(folder, orders, say))
    say(page.table(outcome))
    if outcome.is_kept:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        say("\n".join(page.evidence_of(outcome)))
        say(f"seed {orders.seed}; everything is in {folder}")
    if arguments.write:
        page.write(_PAGE, outcome)
    return 0 if outcome.is_kept else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
