"""`[recording]`: where captures and recordings go."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twoleg.bootstrap.errors import ServiceError
from twoleg.bootstrap.recordings import storage_of
from twoleg.config import ConfigError, Settings, load

STORE = '[store]\nurl = "sqlite:///twoleg.db"\n'


def loaded(folder: Path, recording: str, **environment: str) -> Settings:
    file = folder / "twoleg.toml"
    file.write_text(f"{STORE}[recording]\n{recording}\n")
    return load(file, environment)


def test_folders_lie_beside_the_file_unless_they_are_absolute(tmp_path: Path) -> None:
    bare = loaded(tmp_path, "").recording
    told = loaded(tmp_path, 'storage = "/var/recordings"\nspool = "here"').recording

    assert (bare.storage, bare.spool) == (f"{tmp_path}/recordings", f"{tmp_path}/recording-spool")
    assert (told.storage, told.spool) == ("/var/recordings", f"{tmp_path}/here")


@pytest.mark.parametrize(
    ("place", "bucket"),
    [("s3://calls", ("calls", "")), ("s3://calls/a/b/", ("calls", "a/b")), ("recordings", None)],
)
def test_a_bucket_is_told_from_a_folder(tmp_path: Path, place: str, bucket: object) -> None:
    assert loaded(tmp_path, f'storage = "{place}"').recording.bucket == bucket


@pytest.mark.parametrize(
    ("recording", "names"),
    [
        ('storage = "s3://"', "recording.storage"),
        ('storage = "s3://UPPER"', "recording.storage"),
        ('storage = "gopher://calls"', "recording.storage"),
        ('storage = ""', "recording.storage"),
        ('storage = "s3://calls"\nendpoint = "calls.example.com"', "recording.endpoint"),
        ('storage = "s3://calls"\nendpoint = "http://a?b=c"', "recording.endpoint"),
        ('storage = "s3://calls"\naccess_key = "a"', "recording.secret_key"),
        ('region = "eu"', "recording.storage"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(tmp_path: Path, recording: str, names: str) -> None:
    with pytest.raises(ConfigError, match=names) as raised:
        loaded(tmp_path, recording)
    assert "\n" not in str(raised.value)


def test_the_secret_key_is_shown_nowhere(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'storage = "s3://calls"\naccess_key = "a"', TWOLEG_RECORDING__SECRET_KEY="very secret")

    assert settings.recording.secret_key == "very secret"
    assert "very secret" not in repr(settings)


def test_a_bucket_without_its_package_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "twoleg.adapters.recording.objects", raising=False)
    monkeypatch.delattr("twoleg.adapters.recording.objects", raising=False)

    with pytest.raises(ServiceError, match=r"pip install 'twoleg\[s3\]'"):
        storage_of(loaded(tmp_path, 'storage = "s3://calls"').recording)
