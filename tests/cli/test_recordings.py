"""`twoleg recording`: list, get, purge, on a store without a service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest

from contract.worlds import numbered
from domain.calls import T0, WAY
from fakes.clock import DrivenClock
from fakes.log import NotedLog
from twoleg.adapters.recording.folder import FolderStorage
from twoleg.adapters.recording.wav import head
from twoleg.adapters.store.sqlite import open_store
from twoleg.application.ports import Intent
from twoleg.domain.call import Phase
from twoleg.domain.machine import step
from twoleg.domain.recording import Audio, AudioFormat

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended

    Twoleg = Callable[..., Ended]

CONTENT = head(AudioFormat.PCM, 500) + bytes(range(250)) * 8
KEY = "t/7.wav"


@pytest.fixture
def tenant(twoleg: Twoleg, config: Path) -> str:
    """A tenant with one call, 7, whose recording is ready."""
    tenant_id: str = twoleg("tenant", "create", "Acme", "--access-code", "1", "--recording", "always", "--json").json[
        "tenant_id"
    ]
    asyncio.run(_record(config.parent, tenant_id))
    return tenant_id


async def _record(folder: Path, tenant_id: str) -> None:
    store = open_store(f"sqlite:///{folder}/twoleg.db", clock=DrivenClock(), logger=NotedLog())
    try:
        call = numbered(7, tenant_id=tenant_id)
        await store.intake().place(Intent(call, record_as=AudioFormat.PCM))
        journal = store.journal(asyncio.get_running_loop())
        for signal in WAY[Phase.ENDED]:
            taken = step(call, signal, T0)
            call = taken.call
            journal.append(taken, lambda: None)
        await journal.drained()
        stored = FolderStorage(folder / "recordings").put(KEY, _fill)
        audio = Audio(bytes=stored.bytes, sha256=stored.sha256, duration_ms=62, began_at=T0)
        await store.recordings().ready(7, audio, key=KEY, at=T0)
    finally:
        store.close()


def _fill(file: BinaryIO) -> None:
    file.write(CONTENT)


def test_recordings_are_listed_with_what_they_are(twoleg: Twoleg, tenant: str) -> None:
    (listed,) = twoleg("recording", "list", "--tenant", tenant, "--json").json

    assert (listed["serial"], listed["status"], listed["bytes"]) == ("7", "ready", len(CONTENT))
    assert "ready" in twoleg("recording", "list").printed


@pytest.mark.usefixtures("tenant")
def test_a_recording_is_copied_byte_by_byte(twoleg: Twoleg, tmp_path: Path) -> None:
    twoleg("recording", "get", "7", "-o", str(tmp_path / "copy.wav"))

    assert (tmp_path / "copy.wav").read_bytes() == CONTENT


@pytest.mark.usefixtures("tenant")
def test_a_spoilt_recording_is_not_copied(twoleg: Twoleg, config: Path, tmp_path: Path) -> None:
    (config.parent / "recordings" / KEY).write_bytes(CONTENT[:-1] + b"x")

    ended = twoleg("recording", "get", "7", "-o", str(tmp_path / "copy.wav"))

    assert "content changed" in ended.complained
    assert not (tmp_path / "copy.wav").exists()


@pytest.mark.usefixtures("tenant")
def test_a_purged_recording_leaves_a_record(twoleg: Twoleg, config: Path) -> None:
    purged = twoleg("recording", "purge", "7", "--json").json

    assert (purged["status"], purged["detail"]) == ("purged", "by an operator")
    assert purged["sha256"]
    assert not (config.parent / "recordings" / KEY).exists()
    assert twoleg("recording", "get", "7").code == 1
    assert twoleg("recording", "purge", "7").code == 1


def test_a_call_without_recording_is_an_answer(twoleg: Twoleg) -> None:
    assert "no recording" in twoleg("recording", "get", "99").complained
