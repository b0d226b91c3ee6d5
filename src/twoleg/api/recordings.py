"""`GET /recordings/{file}`: the audio behind a signed address. No token; the signature is the key."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncGenerator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct

from twoleg.api.http import Answer, HttpError, Request, RequestHandler, Stream
from twoleg.api.openapi import Doors, ErrorSample, Operation
from twoleg.api.ranges import Part, Unsatisfiable, is_known, part_of
from twoleg.application.errors import NotFound
from twoleg.application.recording_address import AddressRejected, RecordingAddresses, RecordingNotReady
from twoleg.application.recording_storage import RecordingSpoilt, StorageUnavailable
from twoleg.domain.recording import Recording

RECORDING_PATH: Final = "/recordings/{file}"
_WAV: Final = b"audio/wav"
_FILE = re.compile(r"([1-9][0-9]{0,18})\.wav")
_DIGITS = re.compile(r"[0-9]{1,15}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRecording:
    """The handler. Files are read in threads, a piece at a time, as the client takes them."""

    addresses: RecordingAddresses
    threads: Executor

    async def __call__(self, request: Request) -> Answer | Stream:
        """Answer one request. Raises `HttpError` 403, 404, 410, 416, 500, 503."""
        recording = self._open(request)
        await self._check(recording)
        size, etag = recording.bytes or 0, b'"%b"' % (recording.sha256 or "")[:32].encode()
        headers = (
            (b"etag", etag),
            (b"accept-ranges", b"bytes"),
            (b"cache-control", b"private, max-age=300"),
            (b"content-disposition", b'attachment; filename="%d.wav"' % recording.serial),
            (b"x-content-type-options", b"nosniff"),
        )
        if is_known(request.headers, etag):
            return Answer(b"", 304, headers)
        try:
            part = part_of(request.headers, size=size, etag=etag)
        except Unsatisfiable as error:
            refused = ((b"content-range", b"bytes */%d" % size),)
            raise HttpError(416, f"the file has {size} bytes", headers=refused) from error
        return self._stream(recording, part, size, headers)

    def _open(self, request: Request) -> Recording:
        named = _FILE.fullmatch(request.arguments["file"])
        query = _query(request.query)
        expires_at, key_id, signature = (query.get(name, "") for name in "eks")
        if named is None or not _DIGITS.fullmatch(expires_at) or not _WORD.fullmatch(key_id) or not signature:
            raise HttpError(403, "this is no address of a recording")
        try:
            return self.addresses.open(
                serial=int(named[1]), expires_at=int(expires_at), key_id=key_id, signature=signature
            )
        except AddressRejected as reason:
            raise HttpError(403, str(reason)) from reason
        except NotFound as reason:
            raise HttpError(404, "there is no such recording") from reason
        except RecordingNotReady as reason:
            raise HttpError(410, str(reason)) from reason

    async def _check(self, recording: Recording) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self.threads, self.addresses.check, recording)
        except RecordingSpoilt as spoilt:
            raise HttpError(500, str(spoilt)) from spoilt
        except StorageUnavailable as trouble:
            raise HttpError(503, str(trouble), headers=((b"retry-after", b"5"),)) from trouble

    def _stream(
        self, recording: Recording, part: Part | None, size: int, headers: tuple[tuple[bytes, bytes], ...]
    ) -> Stream:
        whole = Part(0, size) if part is None else part
        if part is None:
            # RFC 9530: what was stored, for whoever wants to compare.
            digest = b64encode(bytes.fromhex(recording.sha256 or ""))
            named: tuple[tuple[bytes, bytes], ...] = ((b"repr-digest", b"sha-256=:%b:" % digest),)
        else:
            named = ((b"content-range", b"bytes %d-%d/%d" % (part.begin, part.end - 1, size)),)
        return Stream(
            self._pieces(recording, whole),
            content_type=_WAV,
            headers=(*headers, *named),
            status=200 if part is None else 206,
            length=whole.end - whole.begin,
        )

    async def _pieces(self, recording: Recording, part: Part) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        pieces = self.addresses.sound.read(recording, part.begin, part.end)
        while piece := await loop.run_in_executor(self.threads, next, pieces, b""):
            yield piece


def _query(raw: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(raw.decode("latin-1"), max_num_fields=10, keep_blank_values=True))
    except ValueError as error:  # more of them than an address has
        raise HttpError(403, "this is no address of a recording") from error


def recording_routes(*, addresses: RecordingAddresses, threads: Executor) -> dict[str, dict[str, RequestHandler]]:
    """The route: pattern -> method -> handler. HEAD is answered like GET, without the body."""
    return {RECORDING_PATH: {"GET": GetRecording(addresses=addresses, threads=threads)}}


def base_url_of(host: bytes | None, public_url: str | None) -> str:
    """What an address begins with: the setting, else where the request was sent to. Raises `HttpError` 400."""
    if public_url is not None:
        return public_url
    if host is None or not re.fullmatch(rb"[A-Za-z0-9.\-_\[\]:]{1,100}", host):
        raise HttpError(400, "the Host header names no host")
    return f"http://{host.decode('ascii')}"


def recording_operations(error: type[Struct], error_sample: ErrorSample) -> list[Operation]:
    """The operation in words. `error`: how errors outside the native face are worded; `error_sample` shows one."""
    return [
        Operation(
            path=RECORDING_PATH,
            method="get",
            operation_id="fetchRecording",
            tag="recordings",
            summary="The audio behind an address that was handed out",
            description="A WAV file: 8 kHz, left the agent, right the customer. Range: one at a time.",
            parameters=(
                {
                    "name": "file",
                    "in": "path",
                    "required": True,
                    "description": "The name of the file, as the address has it.",
                    "schema": {"type": "string"},
                },
                *(
                    {"name": name, "in": "query", "required": True, "schema": {"type": "string"}, "description": text}
                    for name, text in (("e", "When it expires."), ("k", "The key."), ("s", "The signature."))
                ),
            ),
            response=None,
            other_successes={206: ("A part, as asked for by Range.", None), 304: ("If-None-Match named it.", None)},
            error=error,
            error_sample=error_sample,
            errors={
                403: "The signature is wrong, or the address has expired.",
                404: "There is no such recording.",
                405: "This path takes other methods: see Allow.",
                410: "It was purged.",
                416: "No byte of the range is in the file.",
                500: "What is stored is not what was recorded, or we failed.",
                503: "The storage is unavailable.",
            },
            doors=Doors.NOBODY_ASKS,
        )
    ]
