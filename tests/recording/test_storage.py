"""RecordingStorage: a file is there whole and durable, or not at all; and nothing spoilt is served as good."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest
from obstore.store import MemoryStore

from twoleg.adapters.recording.files import sync_folder
from twoleg.adapters.recording.folder import FolderStorage
from twoleg.adapters.recording.objects import ObjectStorage
from twoleg.adapters.recording.wav import fault_of, head, most_frames
from twoleg.application.recording_storage import (
    RecordingSpoilt,
    RecordingStorage,
    SoundRecordings,
    StorageUnavailable,
    Stored,
)
from twoleg.domain.recording import AudioFormat, Recording, RecordingStatus

KEY = "t1/2026/01/31/7.wav"
WHOLE = head(AudioFormat.PCM, 1000) + bytes(range(250)) * 16


def writes(content: bytes = WHOLE) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        file.write(content)

    return write


@pytest.fixture(params=["folder", "objects"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> RecordingStorage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "recordings")
    return ObjectStorage(MemoryStore(), scratch=tmp_path / "scratch")


def content(storage: RecordingStorage, begin: int = 0, end: int = len(WHOLE)) -> bytes:
    return b"".join(storage.read(KEY, begin, end))


# ---------------------------------------------------------------------------- the contract


def test_what_was_put_can_be_read_in_parts(storage: RecordingStorage) -> None:
    stored = storage.put(KEY, writes())

    version = storage.version(KEY)
    assert version is not None
    assert stored.bytes == version.bytes == len(WHOLE)
    assert content(storage) == WHOLE
    assert content(storage, 100, 101) == WHOLE[100:101]
    assert content(storage, len(WHOLE) - 5) == WHOLE[-5:]


def test_there_is_nothing_where_nothing_was_put(storage: RecordingStorage) -> None:
    assert storage.version(KEY) is None
    with pytest.raises(StorageUnavailable):
        content(storage)
    storage.delete(KEY)


def test_what_was_deleted_is_gone(storage: RecordingStorage) -> None:
    storage.put(KEY, writes())

    storage.delete(KEY)
    storage.delete(KEY)

    assert storage.version(KEY) is None


def test_a_write_that_fails_leaves_nothing_and_no_traces(storage: RecordingStorage, tmp_path: Path) -> None:
    def fails(file: BinaryIO) -> None:
        file.write(WHOLE[:1000])
        raise KeyError("a bug in the writer")

    with pytest.raises(KeyError):
        storage.put(KEY, fails)

    assert storage.version(KEY) is None
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []


def test_a_failed_second_write_leaves_the_first(storage: RecordingStorage) -> None:
    storage.put(KEY, writes())
    before = storage.version(KEY)

    with pytest.raises(StorageUnavailable):
        storage.put(KEY, writes(b"no recording"))

    assert storage.version(KEY) == before
    assert content(storage) == WHOLE


def test_a_second_write_replaces_the_first_and_is_another_version(storage: RecordingStorage) -> None:
    storage.put(KEY, writes())
    before = storage.version(KEY)
    other = head(AudioFormat.ALAW, 1500) + bytes(3000)

    storage.put(KEY, writes(other))

    assert storage.version(KEY) != before
    assert content(storage, 0, len(other)) == other


@pytest.mark.parametrize(
    "spoilt", [b"", WHOLE[:-2], WHOLE[:44], WHOLE + b"\0", b"RIFF" + WHOLE[4:30], WHOLE[:22] + b"\1" + WHOLE[23:]]
)
def test_what_is_no_whole_recording_is_not_even_stored(storage: RecordingStorage, spoilt: bytes) -> None:
    with pytest.raises(StorageUnavailable):
        storage.put(KEY, writes(spoilt))

    assert storage.version(KEY) is None


# ---------------------------------------------------------------------------- spoilt files


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


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b""), "0 bytes"),
        (lambda path: path.write_bytes(WHOLE[:-1]), "bytes instead of"),
        (lambda path: path.write_bytes(WHOLE[:50]), "bytes instead of"),
        (lambda path: path.write_bytes(WHOLE + b"\0\0\0\0"), "bytes instead of"),
        (lambda path: path.write_bytes(WHOLE[:2000] + b"\xff" + WHOLE[2001:]), "content changed"),
        (lambda path: path.write_bytes(bytes(len(WHOLE))), "content changed"),
        (lambda path: path.unlink(), "missing"),
    ],
    ids=["empty", "one byte short", "header only", "grown", "one bit wrong", "zeroes", "missing"],
)
@pytest.mark.parametrize("heard_before", [False, True])
def test_a_spoilt_file_is_served_to_nobody(
    tmp_path: Path, spoil: Callable[[Path], object], why: str, *, heard_before: bool
) -> None:
    storage = FolderStorage(tmp_path)
    recording = ready(storage.put(KEY, writes()))
    sound = SoundRecordings(storage)
    if heard_before:
        sound.check(recording)

    spoil(tmp_path / KEY)

    with pytest.raises(RecordingSpoilt, match=why):
        sound.check(recording)


def test_a_spoilt_object_is_served_to_nobody(tmp_path: Path) -> None:
    store = MemoryStore()
    storage = ObjectStorage(store, scratch=tmp_path)
    recording = ready(storage.put(KEY, writes()))
    sound = SoundRecordings(storage)
    sound.check(recording)

    store.put(KEY, WHOLE[:2000] + b"\xff" + WHOLE[2001:])

    with pytest.raises(RecordingSpoilt, match="content changed"):
        sound.check(recording)


def test_a_file_is_read_through_once_and_then_only_looked_at(tmp_path: Path) -> None:
    reads = 0

    class Counting(FolderStorage):
        def read(self, key: str, begin: int, end: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
            nonlocal reads
            reads += 1
            return super().read(key, begin, end)

    storage = Counting(tmp_path)
    recording = ready(storage.put(KEY, writes()))
    sound = SoundRecordings(storage)

    for _ in range(3):
        sound.check(recording)

    assert reads == 1


@pytest.mark.parametrize("status", [each for each in RecordingStatus if each is not RecordingStatus.READY])
def test_only_what_is_ready_is_opened(tmp_path: Path, status: RecordingStatus) -> None:
    storage = FolderStorage(tmp_path)
    stored = storage.put(KEY, writes())
    recording = Recording(
        serial=7,
        tenant_id="t1",
        status=status,
        audio_format=AudioFormat.PCM,
        wanted_at=0,
        bytes=stored.bytes,
        sha256=stored.sha256,
        key=KEY,
    )

    with pytest.raises(RecordingSpoilt, match=status.value):
        SoundRecordings(storage).check(recording)


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_a_header_says_how_long_its_file_is(audio_format: AudioFormat) -> None:
    frames = 1234
    whole = head(audio_format, frames) + bytes(frames * (4 if audio_format is AudioFormat.PCM else 2))

    assert fault_of(io.BytesIO(whole), len(whole)) is None
    for cut in (0, 10, len(head(audio_format, 0)), len(whole) - 1, len(whole) - 4):
        assert fault_of(io.BytesIO(whole[:cut]), cut) is not None


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_no_header_counts_more_than_it_can(audio_format: AudioFormat) -> None:
    head(audio_format, most_frames(audio_format))
    with pytest.raises(ValueError, match="more than a WAV file can hold"):
        head(audio_format, most_frames(audio_format) + 1024)


# ---------------------------------------------------------------------------- the folder itself


@pytest.mark.parametrize("key", ["../7.wav", "t1/../../7.wav", "/etc/7.wav", "t1//7.wav", ".hidden/7.wav", ""])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        FolderStorage(tmp_path).put(key, writes())


def test_recordings_are_for_their_owners_eyes(tmp_path: Path) -> None:
    FolderStorage(tmp_path / "recordings").put(KEY, writes())

    for path in (tmp_path / "recordings").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_trouble_of_the_storage(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file where the folder should be")

    with pytest.raises(StorageUnavailable, match="cannot be written"):
        FolderStorage(tmp_path / "recordings").put(KEY, writes())


def test_a_full_disk_is_trouble_of_the_storage_and_leaves_nothing(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from twoleg.adapters.recording.folder import FolderStorage
from twoleg.application.recording_storage import StorageUnavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    FolderStorage(Path(sys.argv[1])).put("t1/7.wav", lambda file: file.write(bytes(5000)))
except StorageUnavailable as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )

    assert "cannot be written" in done.stdout
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []


_KILLED = """
import json, os, sys
from pathlib import Path
from twoleg.adapters.recording import files, folder
from twoleg.adapters.recording.wav import head
from twoleg.domain.recording import AudioFormat

countdown = int(sys.argv[2])

def dies(act):
    def acted(*given, **named):
        global countdown
        countdown -= 1
        if countdown == 0:
            os._exit(9)
        return act(*given, **named)
    return acted

os.fsync, os.open = dies(os.fsync), dies(os.open)
Path.replace, Path.unlink, Path.mkdir = dies(Path.replace), dies(Path.unlink), dies(Path.mkdir)
frames = 1000

def write(file):
    put = dies(lambda piece: (file.write(piece), file.flush()))
    put(head(AudioFormat.PCM, 0))
    for _ in range(4):
        put(bytes(range(250)) * 4)
    file.seek(0)
    put(head(AudioFormat.PCM, frames))

stored = folder.FolderStorage(Path(sys.argv[1])).put("t1/2026/01/31/7.wav", write)
print(json.dumps([stored.bytes, countdown]))
"""


@pytest.mark.slow
def test_killed_at_any_point_of_writing_there_is_a_whole_file_or_none(tmp_path: Path) -> None:
    for point in count(1):
        folder = tmp_path / str(point)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", _KILLED, str(folder), str(point)], capture_output=True, check=False, timeout=60
        )
        assert done.returncode in (0, 9), done.stderr.decode()
        final = folder / KEY
        if final.exists():
            with final.open("rb") as file:
                assert fault_of(file, final.stat().st_size) is None, f"killed at point {point}"
        FolderStorage(folder).put(KEY, writes())
        assert final.read_bytes() == WHOLE
        assert [found for found in folder.rglob("*") if found.is_file()] == [final]
        if done.returncode == 0:
            assert json.loads(done.stdout)[0] == len(WHOLE)
            assert point > 15
            return


def test_names_are_made_durable_in_the_folder_that_holds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []

    def noting(folder: Path) -> None:
        synced.append(folder)
        sync_folder(folder)

    monkeypatch.setattr("twoleg.adapters.recording.folder.sync_folder", noting)
    FolderStorage(tmp_path / "r").put("t1/7.wav", writes())

    assert synced == [tmp_path, tmp_path / "r", tmp_path / "r" / "t1"]
    assert [found.name for found in (tmp_path / "r" / "t1").iterdir()] == ["7.wav"]
