"""Use case: where a recording can be fetched without a token, for five minutes.

    /recordings/<serial>.wav?e=<expiry>&k=<key id>&s=<signature>

The expiry is in ms since the epoch; the signature is base64url of HMAC-SHA256 over purpose, serial and expiry. Nothing
is stored: an address dies with its time, or with the key that signed it.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from twoleg.application.errors import ApplicationError, NotFound
from twoleg.application.ports import Clock, Directory, SigningKey
from twoleg.application.recording_book import RecordingReader
from twoleg.application.recording_storage import SoundRecordings
from twoleg.domain.recording import Recording, RecordingStatus

LIVES_MS: Final = 5 * 60 * 1000
"""Decisions 5; aicc-interfaces 1.5."""
PATH: Final = "/recordings/"
_PURPOSE = b"twoleg recording address, form 1\0"
"""Signed along, so that a signature made for anything else with the same key is none here."""


class RecordingNotReady(ApplicationError):
    """There is none to be heard, or not yet. The message says how it stands."""

    def __init__(self, recording: Recording) -> None:
        detail = f": {recording.detail}" if recording.detail else ""
        super().__init__(f"the recording is {recording.status.value}{detail}")
        self.recording = recording


class AddressRejected(ApplicationError):
    """The address was not made by this service, or its time is over."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a recording can be fetched."""

    target: str
    """Path and query."""
    expires_at: int
    """Ms since the epoch."""


@dataclass(frozen=True, slots=True)
class RecordingAddresses:
    """Signs addresses, and opens those that it signed."""

    book: RecordingReader
    sound: SoundRecordings
    directory: Directory
    clock: Clock

    def find(self, serial: int, tenant_id: str) -> Recording:
        """The tenant's recording that can be heard. Raises `NotFound`, `RecordingNotReady`, `StoreUnavailable`.

        Another tenant's is not found, like one that never was.
        """
        found = self.book.find(serial)
        if found is None or found.tenant_id != tenant_id:
            raise NotFound(f"no recording of call {serial}")
        if found.status is not RecordingStatus.READY:
            raise RecordingNotReady(found)
        return found

    def check(self, recording: Recording) -> None:
        """See `SoundRecordings.check`: blocks. Raises `RecordingSpoilt`, `StorageUnavailable`."""
        self.sound.check(recording)

    def sign(self, recording: Recording) -> Address:
        """An address that lives `LIVES_MS`. Raises `StoreUnavailable`."""
        expires_at = self.clock.now_ms() + LIVES_MS
        key = self.directory.signing_keys()[0]
        signature = _signature(key, recording.serial, expires_at)
        return Address(f"{PATH}{recording.serial}.wav?e={expires_at}&k={key.key_id}&s={signature}", expires_at)

    def open(self, *, serial: int, expires_at: int, key_id: str, signature: str) -> Recording:
        """Whose recording that address is. Raises `AddressRejected`, `NotFound`, `RecordingNotReady`."""
        keys = [
            key for key in self.directory.signing_keys() if hmac.compare_digest(key.key_id.encode(), key_id.encode())
        ]
        expected = _signature(keys[0], serial, expires_at) if keys else ""
        if not hmac.compare_digest(expected.encode(), signature.encode()) or not keys:
            raise AddressRejected("the signature is wrong")
        if not 0 <= expires_at - self.clock.now_ms() <= LIVES_MS:
            raise AddressRejected("the address has expired: ask for a new one")
        found = self.book.find(serial)
        if found is None:
            raise NotFound(f"no recording of call {serial}")
        if found.status is not RecordingStatus.READY:
            raise RecordingNotReady(found)
        return found


def _signature(key: SigningKey, serial: int, expires_at: int) -> str:
    mac = hmac.digest(key.secret, _PURPOSE + f"{serial}:{expires_at}".encode(), "sha256")
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")
