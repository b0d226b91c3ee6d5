"""Whatever is cut, grown or flipped, wherever a recording is on its way: it is never served as good.

Damage is any truncation, any single bit, any growth; it is done to what a relay captured, to the temporary file, to the
file under its name (with its size and time of modification kept, as a dying disk does it), and to an object in a store.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

from patience import eventually
from recording.synthetic import AGENT_PORT, CUSTOMER_PORT, T0, in_order, pcap, rtpproxy, sine, speech
from twoleg.adapters.recording.assembly import SpoolCaptures
from twoleg.adapters.recording.captures import Spool
from twoleg.adapters.recording.folder import FolderStorage
from twoleg.adapters.recording.objects import ObjectStorage
from twoleg.adapters.recording.wav import fault_of, head
from twoleg.application.finish_recordings import CaptureUnusable, Order
from twoleg.application.recording import CapturedFile, CaptureKind, CaptureNote
from twoleg.application.recording_storage import (
    RecordingSpoilt,
    RecordingStorage,
    SoundRecordings,
    StorageUnavailable,
    Stored,
)
from twoleg.domain.recording import AudioFormat, Piece, Recording, RecordingStatus

KEY = "t1/2026/01/31/7.wav"
HEAD = head(AudioFormat.PCM, 200)
WHOLE = HEAD + bytes(range(200)) * 4
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Damage = Callable[[bytes], bytes]


def damages() -> st.SearchStrategy[Damage]:
    """By shares, so that one strategy does for files of every length."""
    share = st.floats(0, 1, exclude_max=True)
    return st.one_of(
        share.map(lambda where: lambda content: content[: int(where * len(content))]),
        st.tuples(share, st.integers(0, 7)).map(lambda bit: lambda content: flipped(content, *bit)),
        st.binary(min_size=1, max_size=8).map(lambda more: lambda content: content + more),
    )


def flipped(content: bytes, where: float, bit: int) -> bytes:
    place = int(where * len(content))
    return content[:place] + bytes((content[place] ^ 1 << bit,)) + content[place + 1 :]


def ready(stored: Stored) -> Recording:
    return Recording(
        serial=7,
        tenant_id="t1",
        status=RecordingStatus.READY,
        audio_format=AudioFormat.PCM,
        wanted_at=0,
        bytes=stored.bytes,
        sha256=stored.sha256,
        key=KEY,
    )


def writes(content: bytes) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        file.write(content)

    return write


@contextmanager
def unnoticed(path: Path) -> Iterator[None]:
    """What happens to the file keeps its time of modification, and happens once the file system's clock moved on."""
    before, probe = path.stat(), path.with_suffix(".probe")

    def has_ticked() -> bool:
        probe.write_bytes(b"")
        probe.touch()
        return probe.stat().st_ctime_ns > before.st_ctime_ns

    assert eventually(has_ticked)
    yield
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@BOUNDED
@given(damage=damages())
def test_a_file_that_was_damaged_in_place_is_served_to_nobody(tmp_path: Path, damage: Damage) -> None:
    storage, path = FolderStorage(tmp_path), tmp_path / KEY
    path.unlink(missing_ok=True)
    recording = ready(storage.put(KEY, writes(WHOLE)))
    sound = SoundRecordings(storage)
    sound.check(recording)

    with unnoticed(path), path.open("r+b") as file:
        file.write(damage(WHOLE))
        file.truncate()

    with pytest.raises(RecordingSpoilt):
        sound.check(recording)
    with pytest.raises(RecordingSpoilt):
        SoundRecordings(storage).check(recording)


@BOUNDED
@given(damage=damages())
def test_an_object_that_was_damaged_is_served_to_nobody(tmp_path: Path, damage: Damage) -> None:
    store = MemoryStore()
    storage = ObjectStorage(store, scratch=tmp_path)
    recording = ready(storage.put(KEY, writes(WHOLE)))
    sound = SoundRecordings(storage)
    sound.check(recording)

    store.put(KEY, damage(WHOLE))

    with pytest.raises(RecordingSpoilt):
        sound.check(recording)


@pytest.mark.parametrize("kind", ["folder", "objects"])
@BOUNDED
@given(damage=damages())
def test_a_temporary_file_whose_frame_is_damaged_is_not_stored(tmp_path: Path, kind: str, damage: Damage) -> None:
    """Damage to the audio before it was ever read back is what was written: then the digest is of that."""
    storage: RecordingStorage = (
        FolderStorage(tmp_path) if kind == "folder" else ObjectStorage(MemoryStore(), scratch=tmp_path)
    )
    storage.delete(KEY)
    spoilt = damage(WHOLE)
    if len(spoilt) == len(WHOLE) and spoilt.startswith(HEAD):
        assert storage.put(KEY, writes(spoilt)).sha256 == hashlib.sha256(spoilt).hexdigest()
        return
    with pytest.raises(StorageUnavailable):
        storage.put(KEY, writes(spoilt))
    assert storage.version(KEY) is None


TALK = in_order(
    speech(sine(440, 0.4), port=AGENT_PORT, begins=T0),
    speech(sine(1000, 0.4), port=CUSTOMER_PORT, begins=T0, ssrc=0xB0B),
)
CAPTURES = {CaptureKind.PCAP: pcap(TALK), CaptureKind.RTPPROXY: rtpproxy(TALK[::2])}


@pytest.mark.parametrize("kind", CaptureKind)
@BOUNDED
@given(damage=damages())
def test_a_damaged_capture_becomes_a_whole_recording_or_none(tmp_path: Path, kind: CaptureKind, damage: Damage) -> None:
    spool = Spool(tmp_path)
    (spool.make(7) / "call").write_bytes(damage(CAPTURES[kind]))
    role = "agent" if kind is CaptureKind.RTPPROXY else None
    file = CapturedFile(path="call", kind=kind, role=role, agent_ports=(AGENT_PORT,), customer_ports=(CUSTOMER_PORT,))
    (spool.folder_of(7) / "capture.json").write_bytes(CaptureNote(serial=7, files=(file,)).encode())
    made = io.BytesIO()
    order = Order(7, (Piece(T0, T0 + 2000),), AudioFormat.PCM)
    try:
        assembled = SpoolCaptures(spool).assemble(order, made)
    except CaptureUnusable:
        return
    made.seek(0)
    assert fault_of(made, len(made.getvalue())) is None
    assert 0 < assembled.duration_ms <= 2000
