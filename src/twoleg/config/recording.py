"""Where recordings go: the keys of `[recording]`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from twoleg.config import values
from twoleg.config.errors import ConfigError
from twoleg.config.values import Rule

S3 = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def _read_storage(value: object) -> str:
    place = values.text(value)
    if place.startswith(S3) and _BUCKET.fullmatch(place.removeprefix(S3).partition("/")[0]) is None:
        raise ValueError
    if "://" in place and not place.startswith(S3):
        raise ValueError
    return place


def read_base_url(value: object) -> str:
    """An http or https URL without query; a slash at its end is taken off. Raises `ValueError`."""
    url = values.text(value)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError
    _ = parts.port  # raises for one that is no number
    return url.rstrip("/")


_STORAGE: Rule[str] = Rule("a folder, or s3://BUCKET or s3://BUCKET/PREFIX", _read_storage)
BASE_URL: Rule[str] = Rule(
    'an http:// or https:// URL without a query, such as "https://calls.example.com"', read_base_url
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """Where recordings go. Folders are absolute once loaded."""

    storage: Annotated[str, _STORAGE] = "recordings"
    spool: Annotated[str, values.FILE] = "recording-spool"
    """A folder of this machine for what relays capture while calls live."""
    endpoint: Annotated[str | None, BASE_URL] = None
    region: Annotated[str | None, values.WORD] = None
    access_key: Annotated[str | None, values.WORD] = None
    secret_key: Annotated[str | None, values.SECRET] = field(default=None, repr=False)

    @property
    def bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix; None for a folder."""
        if not self.storage.startswith(S3):
            return None
        bucket, _, prefix = self.storage.removeprefix(S3).partition("/")
        return bucket, prefix.strip("/")


def check_recording(file: str, recording: RecordingSettings) -> None:
    """Raises the `ConfigError` that names the first key that does not fit the others."""
    if (recording.access_key is None) != (recording.secret_key is None):
        raise ConfigError(f"{file}: recording.access_key and recording.secret_key go together")
    if recording.bucket is None and (recording.endpoint or recording.region or recording.access_key):
        raise ConfigError(f"{file}: recording.storage is a folder: endpoint, region and access_key are for s3://BUCKET")


def recording_in_folder(recording: RecordingSettings, folder: Path) -> RecordingSettings:
    """The same with absolute folders: relative ones are taken from the folder of the file."""
    storage = recording.storage if recording.bucket else str(folder / recording.storage)
    return replace(recording, storage=storage, spool=str(folder / recording.spool))
