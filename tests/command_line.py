"""The `twoleg` command line in a process that stays: an operator who asks often. What takes time is only its start.

with CommandLine.start(config) as operator:
    facts = operator.ask("status", serial)
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class CommandLine:
    """Runs one command after the other, each as `twoleg ... --json` would."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, config: Path) -> Self:
        """For the service of that configuration."""
        process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "TWOLEG_CONFIG": str(config)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return cls(process)

    def ask(self, *arguments: str) -> Any:
        """What the command prints, decoded; it must succeed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([*arguments, "--json"]) + "\n")
        self.process.stdin.flush()
        exit_code, printed = json.loads(self.process.stdout.readline())
        assert exit_code == 0, f"{arguments} ended with {exit_code}: {printed}"
        return json.loads(printed)

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def obey() -> None:
    """One command a line, as a JSON list of words; an answer a line: its exit code and what it printed."""
    from twoleg.cli.app import main  # noqa: PLC0415 - only this process needs it

    for line in sys.stdin:
        printed = io.StringIO()
        with redirect_stdout(printed):
            exit_code = main(json.loads(line))
        sys.stdout.write(json.dumps([exit_code, printed.getvalue()]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    obey()
