"""The command line in this process: exit code, what it printed, what it complained about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from twoleg.cli.app import main

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = """
[store]
url = "sqlite:///twoleg.db"

[http]
listen = "127.0.0.1:0"

[sip]
listen = "udp:127.0.0.1:0"
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    printed: str
    complained: str

    @property
    def json(self) -> Any:
        """The one document it printed."""
        assert self.code == 0, self.complained
        return json.loads(self.printed)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "twoleg.toml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def twoleg(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run `twoleg ARGUMENTS` with that configuration."""
    monkeypatch.setenv("TWOLEG_CONFIG", str(config))
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run
