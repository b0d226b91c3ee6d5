"""`twoleg recording`: what was recorded, a copy of it, and its deletion."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.table import Table

from twoleg.application.errors import NotFound
from twoleg.application.recording_storage import SoundRecordings
from twoleg.bootstrap.operator import Operator
from twoleg.bootstrap.recordings import spool_of, storage_of
from twoleg.cli.calls import Serial, number_of
from twoleg.cli.errors import Negative
from twoleg.cli.options import ConfigOption, JsonOption, TenantOption, store_of, tenant_of
from twoleg.cli.output import OUT, hint, say_json
from twoleg.cli.times import clock_time, length
from twoleg.domain.audit import Act, Entry
from twoleg.domain.recording import Recording, RecordingStatus

APP = typer.Typer(help="Recordings: what was recorded, a copy of it, its deletion.", no_args_is_help=True)


@APP.command("list")
def show(
    *,
    tenant: TenantOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many, the newest calls first.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a tenant's recordings, also those that failed or were purged."""
    with store_of(config) as opened:
        found = opened.recordings.listed(tenant_of(opened, tenant).tenant_id, limit=limit)
    if as_json:
        say_json([_document(each) for each in found])
        return
    if not found:
        hint("none yet: twoleg tenant create --recording always, or on-demand")
        return
    table = Table("call", "status", "began", "length", "bytes", "remark", box=None, header_style="bold")
    for each in found:
        began = "" if each.began_at is None else clock_time(each.began_at)
        seconds = "" if each.duration_ms is None else length(each.duration_ms)
        table.add_row(str(each.serial), each.status.value, began, seconds, str(each.bytes or ""), each.detail or "")
    OUT.print(table)


@APP.command("get")
def get(
    *,
    serial: Serial,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it. Else standard output.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write the WAV file of a call. It is read through and compared with what was stored before a byte is written.

    Example:  twoleg recording get 8420611034581442563 -o call.wav
    """
    with store_of(config) as opened:
        recording = _found(opened, number_of(serial))
        if recording.status is not RecordingStatus.READY:
            remark = f": {recording.detail}" if recording.detail else ""
            raise Negative(f"the recording of call {serial} is {recording.status.value}{remark}")
        sound = SoundRecordings(storage_of(opened.settings.recording))
        sound.check(recording)
        if output is None:
            _copy(sound, recording, sys.stdout.buffer)
            return
        with output.open("wb") as file:
            _copy(sound, recording, file)
    hint(f"{output}: {recording.bytes} bytes")


@APP.command("purge")
def purge(*, serial: Serial, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Delete the audio of a call now, whatever its tenant's time for it. That there was one stays known.

    Example:  twoleg recording purge 8420611034581442563
    """
    number = number_of(serial)
    with store_of(config) as opened:
        recording = _found(opened, number)
        if recording.status not in (RecordingStatus.READY, RecordingStatus.FAILED):
            raise Negative(f"the recording of call {serial} is {recording.status.value}: there is nothing to purge")
        if recording.key is not None:
            storage_of(opened.settings.recording).delete(recording.key)
        spool_of(opened.settings.recording).remove(number)
        now = opened.clock.now_ms()
        asyncio.run(opened.recordings.purged(number, "by an operator", at=now))
        opened.audit.add(
            Entry(at=now, who=opened.who, act=Act.RECORDING_PURGED, subject=serial, tenant_id=recording.tenant_id)
        )
        purged = _found(opened, number)
    if as_json:
        say_json(_document(purged))
    else:
        OUT.print(f"The recording of call [bold]{serial}[/] is gone.")


def _found(opened: Operator, serial: int) -> Recording:
    found = opened.recordings.find(serial)
    if found is None:
        raise NotFound(f"there is no recording of call {serial}")
    return found


def _copy(sound: SoundRecordings, recording: Recording, file: BinaryIO) -> None:
    file.writelines(sound.read(recording, 0, recording.bytes or 0))


def _document(recording: Recording) -> dict[str, Any]:
    document = {
        "serial": str(recording.serial),
        "tenant_id": recording.tenant_id,
        "status": recording.status.value,
        "format": recording.audio_format.value,
        "began_at": recording.began_at,
        "ended_at": recording.ended_at,
        "duration_ms": recording.duration_ms,
        "bytes": recording.bytes,
        "sha256": recording.sha256,
        "key": recording.key,
        "detail": recording.detail,
        "purged_at": recording.purged_at,
    }
    return {name: value for name, value in document.items() if value is not None}
