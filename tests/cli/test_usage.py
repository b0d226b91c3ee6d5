"""What the command line says when it is asked for help, and when it is used wrongly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from twoleg import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]

COMMANDS = [
    ("serve",), ("check",), ("demo",), ("call",), ("status",), ("ladder",), ("hangup",),
    ("tenant", "create"), ("tenant", "list"), ("app", "create"), ("app", "list"), ("app", "disable"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(twoleg: Twoleg, command: tuple[str, ...]) -> None:
    ended = twoleg(*command, "--help")
    assert ended.code == 0
    assert f"twoleg {' '.join(command)}" in ended.printed


@pytest.mark.parametrize("command", [each for each in COMMANDS if each != ("demo",)], ids=" ".join)
def test_every_command_takes_a_configuration(twoleg: Twoleg, command: tuple[str, ...]) -> None:
    assert "--config" in twoleg(*command, "--help").printed


@pytest.mark.parametrize("command", [each for each in COMMANDS if each not in {("demo",), ("serve",)}], ids=" ".join)
def test_every_command_that_answers_speaks_json(twoleg: Twoleg, command: tuple[str, ...]) -> None:
    assert "--json" in twoleg(*command, "--help").printed


def test_the_version_is_told(twoleg: Twoleg) -> None:
    assert twoleg("--version").printed == f"twoleg {__version__}\n"


def test_nothing_to_do_shows_the_help(twoleg: Twoleg) -> None:
    ended = twoleg()
    assert ended.code == 2
    assert "twoleg demo" in ended.printed + ended.complained


def test_an_unknown_command_is_wrong_use(twoleg: Twoleg) -> None:
    assert twoleg("sevre").code == 2


def test_a_wrong_key_is_one_line_and_exit_code_2(twoleg: Twoleg, config: Path) -> None:
    config.write_text("[http]\nlistn = 1\n")
    ended = twoleg("check")
    assert ended.code == 2
    assert ended.complained == "twoleg: twoleg.toml: unknown key in http: listn; did you mean listen?\n"
    assert ended.printed == ""


def test_a_missing_configuration_is_one_line_and_exit_code_2(
    twoleg: Twoleg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWOLEG_CONFIG")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twoleg.toml").unlink()
    ended = twoleg("tenant", "list")
    assert ended.code == 2
    assert ended.complained.startswith("twoleg: no configuration: give --config FILE, set TWOLEG_CONFIG")


def test_a_store_that_is_none_is_one_line_and_exit_code_1(twoleg: Twoleg, tmp_path: Path) -> None:
    (tmp_path / "twoleg.db").write_bytes(b"this is no database, it is a letter to my aunt" * 100)
    ended = twoleg("tenant", "list")
    assert ended.code == 1
    assert ended.complained.count("\n") == 1
    assert "twoleg.db" in ended.complained


def test_both_ways_to_start_are_the_same() -> None:
    installed = Path(sys.executable).with_name("twoleg")
    for command in ([str(installed)], [sys.executable, "-m", "twoleg"]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=30, check=True)
        assert done.stdout == f"twoleg {__version__}\n"
