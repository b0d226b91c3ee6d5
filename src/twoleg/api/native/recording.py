"""`/v1/calls/{serial}/recording`: how it stands and where to fetch it; and the commands for a living call's."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.json import encode

from twoleg.api.http import Answer, Request, RequestHandler, one_header
from twoleg.api.native.calls import serial_of
from twoleg.api.native.describe import NO_SUCH_CALL, SERIAL, operation
from twoleg.api.native.door import Door
from twoleg.api.native.problems import Kind, Problem, not_found
from twoleg.api.native.wire import Serial
from twoleg.api.openapi import Operation
from twoleg.api.recordings import base_url_of, recording_routes
from twoleg.application.command_recording import CommandRecording
from twoleg.application.errors import NotFound
from twoleg.application.recording_address import RecordingAddresses
from twoleg.application.recording_book import RecordingReader
from twoleg.domain.recording import Command, CommandRefused, Recording, RecordingStatus
from twoleg.domain.tenant import Refused

RECORDING_PATH: Final = "/v1/calls/{serial}/recording"


class PieceDocument(Struct, frozen=True, omit_defaults=True):
    """A stretch of the call that can be heard."""

    begins: int
    ends: Annotated[int | None, Meta(description="Absent: it goes on, or went on to the call's end.")] = None


class RecordingDocument(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The recording of a call. Times: ms since the epoch."""

    serial: Serial
    status: Annotated[str, Meta(description="wanted, recording, paused, stopped, ready, failed or purged.")]
    format: Annotated[str, Meta(description="pcm or alaw: WAV, 8 kHz, left the agent, right the customer.")]
    pieces: Annotated[
        list[PieceDocument], Meta(description="What can be heard; in between there is silence of the same length.")
    ] = []
    began_at: Annotated[int | None, Meta(description="The first moment that can be heard.")] = None
    duration_ms: int | None = None
    bytes: int | None = None
    sha256: Annotated[str | None, Meta(description="Of the whole file, in hex.")] = None
    detail: Annotated[str | None, Meta(description="Why it failed or was purged, or what it lacks.")] = None
    purged_at: int | None = None
    url: Annotated[str | None, Meta(description="Where to fetch it, without a token, for five minutes.")] = None
    url_expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCallRecording:
    """`GET /v1/calls/{serial}/recording`."""

    door: Door
    reader: RecordingReader
    addresses: RecordingAddresses
    public_url: str | None

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        login = await self.door(request.headers)
        serial = serial_of(request.arguments["serial"])
        found = None if serial is None else self.reader.find(serial)
        if found is None or found.tenant_id != login.tenant.tenant_id:
            raise not_found("recording")
        if found.status is not RecordingStatus.READY:
            return Answer(encode(recording_document(found)))
        base = base_url_of(one_header(request.headers, b"host"), self.public_url)
        address = self.addresses.sign(found)
        return Answer(encode(recording_document(found, url=base + address.target, expires_at=address.expires_at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRecordingCommand:
    """`POST /v1/calls/{serial}/recording/{command}`."""

    door: Door
    command: Command
    command_recording: CommandRecording

    async def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        tenant = (await self.door(request.headers)).tenant
        serial = serial_of(request.arguments["serial"])
        if serial is None:
            raise not_found()
        try:
            done = await self.command_recording(tenant, serial, self.command)
        except NotFound as missing:
            raise not_found() from missing
        if isinstance(done, Refused):
            raise Problem(Kind.REFUSED, done.refusal.value, rule=done.refusal.name.lower())
        if isinstance(done, CommandRefused):
            raise Problem(Kind.CONFLICT, done.why)
        return Answer(encode(recording_document(done)), 202)


def recording_document(
    recording: Recording, *, url: str | None = None, expires_at: int | None = None
) -> RecordingDocument:
    """All that a tenant may know of its recording."""
    return RecordingDocument(
        serial=str(recording.serial),
        status=recording.status.value,
        format=recording.audio_format.value,
        pieces=[PieceDocument(piece.begins, piece.ends) for piece in recording.pieces],
        began_at=recording.began_at,
        duration_ms=recording.duration_ms,
        bytes=recording.bytes,
        sha256=recording.sha256,
        detail=recording.detail,
        purged_at=recording.purged_at,
        url=url,
        url_expires_at=expires_at,
    )


def call_recording_routes(
    *,
    door: Door,
    addresses: RecordingAddresses,
    command_recording: CommandRecording,
    public_url: str | None,
) -> dict[str, dict[str, RequestHandler]]:
    """The routes: pattern -> method -> handler."""
    show = GetCallRecording(door=door, reader=addresses.book, addresses=addresses, public_url=public_url)
    routes: dict[str, dict[str, RequestHandler]] = {RECORDING_PATH: {"GET": show}}
    for command in Command:
        handler = PostRecordingCommand(door=door, command=command, command_recording=command_recording)
        routes[f"{RECORDING_PATH}/{command.value}"] = {"POST": handler}
    return routes


def recording_faces(
    door: Door,
    addresses: RecordingAddresses,
    command_recording: CommandRecording,
    *,
    public_url: str | None,
    threads: Executor,
) -> dict[str, dict[str, RequestHandler]]:
    """Those routes, and the one behind signed addresses; files are read in `threads`."""
    return recording_routes(addresses=addresses, threads=threads) | call_recording_routes(
        door=door, addresses=addresses, command_recording=command_recording, public_url=public_url
    )


_SAYS = {
    Command.START: "Record from now on, or as soon as both talk. Of a stopped recording: go on with it.",
    Command.PAUSE: "From now on nothing is heard in the recording, until it is resumed: silence of the same length.",
    Command.RESUME: "End the pause.",
    Command.STOP: "Record no more. What was recorded stays.",
}


def call_recording_operations() -> list[Operation]:
    """The operations in words."""
    show = operation(
        path=RECORDING_PATH,
        method="get",
        name="getCallRecording",
        summary="The recording of a call, and where to fetch it",
        description="Once it is ready there is a `url` that works for five minutes, without a token.",
        parameters=(SERIAL,),
        response=RecordingDocument,
        errors={404: "There is no recording of such a call of this tenant."},
    )
    return [show, *(_command_operation(command) for command in Command)]


def _command_operation(command: Command) -> Operation:
    return operation(
        path=f"{RECORDING_PATH}/{command.value}",
        method="post",
        name=f"{command.value}Recording",
        summary=f"{command.value.capitalize()} the recording of a living call",
        description=_SAYS[command] + " A repeat is harmless.",
        parameters=(SERIAL,),
        response=RecordingDocument,
        status=202,
        errors=NO_SUCH_CALL
        | {
            409: "It makes no sense now: the call has ended, or the recording is over or never began.",
            422: "The tenant's calls are not recorded.",
        },
    )
