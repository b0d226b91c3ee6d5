"""From `[recording]` to where captures lie and recordings are kept."""

from __future__ import annotations

from pathlib import Path

from twoleg.adapters.recording.captures import Spool
from twoleg.adapters.recording.folder import FolderStorage
from twoleg.application.recording_storage import RecordingStorage
from twoleg.bootstrap.errors import ServiceError
from twoleg.config import RecordingSettings


def spool_of(settings: RecordingSettings) -> Spool:
    """Where relays leave what they captured."""
    return Spool(Path(settings.spool))


def storage_of(settings: RecordingSettings) -> RecordingStorage:
    """A folder, or a bucket. Raises `ServiceError` in one line."""
    if settings.bucket is None:
        return FolderStorage(Path(settings.storage))
    try:
        from twoleg.adapters.recording import objects  # noqa: PLC0415 - needs an extra that only this storage needs
    except ImportError as error:
        raise ServiceError(
            f"recording.storage = {settings.storage}: the package obstore is missing: pip install 'twoleg[s3]'"
        ) from error
    bucket, prefix = settings.bucket
    try:
        store = objects.s3_store(
            bucket=bucket,
            prefix=prefix,
            endpoint=settings.endpoint,
            region=settings.region,
            access_key=settings.access_key,
            secret_key=settings.secret_key,
        )
    except objects.UnusableStore as error:
        raise ServiceError(f"recording.storage = {settings.storage}: {error}") from error
    return objects.ObjectStorage(store, scratch=Path(settings.spool) / "uploads")
