"""Which media calls get where the configuration leaves it open."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from twoleg.bootstrap.media_choice import choose_media, is_installed, settled
from twoleg.config import load

if TYPE_CHECKING:
    from pathlib import Path

    from twoleg.config import Settings

IPV6 = '[sip]\nlisten = ["udp:127.0.0.1:5060", "udp:[::1]:5060"]'


@pytest.fixture(params=[True, False], ids=["with rtp-io", "without"])
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    return bool(request.param)


def settings(folder: Path, more: str = "") -> Settings:
    file = folder / "twoleg.toml"
    file.write_text(f'[store]\nurl = "sqlite:///twoleg.db"\n{more}\n')
    return load(file, {})


def test_the_embedded_relay_is_the_default_where_it_is_installed(tmp_path: Path, *, installed: bool) -> None:
    assert is_installed() is installed
    found = choose_media(settings(tmp_path))
    assert (found.mode, found.is_sound) == (("rtpio" if installed else "direct"), True)
    assert settled(settings(tmp_path)).media.mode == found.mode
    assert found.why == ("rtp-io is installed" if installed else "rtp-io is not installed")


def test_it_is_not_where_phones_may_come_by_ipv6(tmp_path: Path) -> None:
    found = choose_media(settings(tmp_path, IPV6))
    assert (found.mode, found.is_sound) == ("direct", True)
    assert "IPv6" in found.why


@pytest.mark.parametrize("named", ['mode = "rtpio"', 'mode = "direct"\ncalls = ["rtpio"]'])
def test_what_is_named_is_taken_and_told_when_it_is_missing(tmp_path: Path, named: str, *, installed: bool) -> None:
    found = choose_media(settings(tmp_path, f"[media]\n{named}"))
    assert found.mode == named.split('"')[1]
    assert found.is_sound is installed
