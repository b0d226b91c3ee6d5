"""getRecordingAddress: where the recording of call N can be fetched. Its retCode is a number (aicc-interfaces 1.5)."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass

from msgspec import Raw, Struct
from msgspec.json import Decoder, encode

from twoleg.api.aicc.bearer import authenticate
from twoleg.api.aicc.codes import AddressCode
from twoleg.api.aicc.decode import decode
from twoleg.api.aicc.wire import AddressResult, GetRecordingAddressRequest, GetRecordingAddressResponse
from twoleg.api.asgi import Headers
from twoleg.api.http import Answer, one_header
from twoleg.api.recordings import base_url_of
from twoleg.application.check_token import CheckToken
from twoleg.application.errors import NotFound
from twoleg.application.recording_address import RecordingAddresses, RecordingNotReady
from twoleg.application.recording_storage import RecordingSpoilt, StorageUnavailable
from twoleg.domain.recording import RecordingStatus
from twoleg.domain.serials import LARGEST_SERIAL

SERIAL_LENGTH = 50
"""Characters (s50)."""


class _Wrapped(Struct, frozen=True):
    """The other form of the family's bodies (decisions 5)."""

    body: Raw = Raw(b"null")


_WRAPPED = Decoder(_Wrapped)
_REQUEST = Decoder(GetRecordingAddressRequest)


@dataclass(frozen=True, slots=True)
class GetRecordingAddress:
    """The handler."""

    check_token: CheckToken
    addresses: RecordingAddresses
    public_url: str | None
    threads: Executor

    async def __call__(self, headers: Headers, body: bytes) -> Answer:
        """Answer one request."""
        tenant = authenticate(headers, self.check_token).tenant
        wrapped = bytes(decode(_WRAPPED, body).body)
        serial = str(decode(_REQUEST, wrapped if wrapped.startswith(b"{") else body).callSerialNo)
        if len(serial) > SERIAL_LENGTH:
            return _refusal(AddressCode.SERIAL_TOO_LONG, f"callSerialNo is longer than {SERIAL_LENGTH} characters")
        base = base_url_of(one_header(headers, b"host"), self.public_url)
        try:
            return await self._address(serial, tenant.tenant_id, base)
        except NotFound:
            return _refusal(AddressCode.NO_RECORD, "there is no recording of such a call")
        except RecordingNotReady as reason:
            failed = reason.recording.status is RecordingStatus.FAILED
            return _refusal(AddressCode.UPLOAD_FAILED if failed else AddressCode.NO_RECORD, str(reason))
        except (RecordingSpoilt, StorageUnavailable) as reason:
            return _refusal(AddressCode.DOWNLOAD_FAILED, str(reason))

    async def _address(self, serial: str, tenant_id: str, base: str) -> Answer:
        if not (serial.isascii() and serial.isdigit()) or int(serial) > LARGEST_SERIAL:
            raise NotFound(serial)
        recording = self.addresses.find(int(serial), tenant_id)
        await asyncio.get_running_loop().run_in_executor(self.threads, self.addresses.check, recording)
        url = base + self.addresses.sign(recording).target
        return Answer(encode(GetRecordingAddressResponse(AddressCode.SUCCESS, "success", AddressResult(url))))


def _refusal(code: AddressCode, text: str) -> Answer:
    return Answer(encode(GetRecordingAddressResponse(code, text)))
