"""Wires what notes, keeps and passes on the SIP messages of calls, and what reads them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from twoleg.adapters.hep import HepSender
from twoleg.adapters.store.sqlite import SqliteStore
from twoleg.adapters.store.sqlite.ladder_file import SqliteLadderArchive, ladder_file_of
from twoleg.adapters.store.sqlite.ladder_writer import Job, LadderKeep, LadderWriter
from twoleg.adapters.system import SystemClock
from twoleg.adapters.wire_recorder import Notes, RecorderLimits, WireRecorder
from twoleg.application.ladder.keeping import Keeping
from twoleg.application.ladder.noted import LocalFor
from twoleg.application.ladder.read_ladder import ReadLadder
from twoleg.application.ports import Directory
from twoleg.bootstrap.logs import Log
from twoleg.bootstrap.store_file import file_of
from twoleg.config import Settings
from twoleg.domain.call import Call
from twoleg.sip.peers import Peer


class Locals:
    """Our addresses, as the user agent knows them, which is made after those who want to be told."""

    ask: LocalFor | None = None

    def __call__(self, peer: Peer) -> Peer:
        """Our address for that peer; the peer's own while nobody can be asked, before the first message."""
        return peer if self.ask is None else self.ask(peer)


@dataclass(frozen=True, slots=True)
class Ladders:
    """The engine's side: set `locals.ask` before the first message, and `close` it after the last one."""

    locals: Locals
    recorder: WireRecorder | None = None
    """None: nothing is noted at all."""
    writer: LadderWriter | None = None
    sender: HepSender | None = None

    def close(self, log: Log) -> None:
        """Write and send what waits, and say what was counted."""
        if self.recorder is None:
            return
        counts = asdict(self.recorder.counters)
        if self.writer is not None:
            self.writer.close()
            counts |= {"written": self.writer.written, "lost": self.writer.lost}
        if self.sender is not None:
            self.sender.close()
            counts |= {"hep_sent": self.sender.sent, "hep_lost": self.sender.refused + self.sender.unsent}
        log.info("what the ladders counted", **counts)


def ladders_of(settings: Settings, store: SqliteStore, log: Log) -> Ladders:
    """By `[ladder]`."""
    keeping, wanted, local_for = keeping_of(settings), settings.ladder, Locals()
    if not keeping.is_on and wanted.hep is None:
        return Ladders(local_for)
    writer = _writer(settings, directory=store.directory(), local_for=local_for, log=log) if keeping.is_on else None
    sender = None
    if wanted.hep is not None:
        where = wanted.hep.host, wanted.hep.port
        sender = HepSender(collector=where, agent=wanted.hep_agent, key=wanted.hep_key, local_for=local_for, log=log)
    recorder = WireRecorder(
        limits=RecorderLimits(
            max_messages=wanted.max_messages, max_bytes=wanted.max_bytes, max_memory=wanted.max_memory
        ),
        keeping=keeping,
        now=SystemClock().now_us,
        keep=_keep_by(writer),
        export=sender,
    )
    return Ladders(local_for, recorder, writer, sender)


def keeping_of(settings: Settings) -> Keeping:
    """Which captures are kept."""
    wanted = settings.ladder
    return Keeping(keep_good=wanted.keep_good, keep_failed=wanted.keep_failed, days=wanted.days)


def _writer(settings: Settings, *, directory: Directory, local_for: LocalFor, log: Log) -> LadderWriter:
    """`directory` is asked in the writer's thread, and by nobody else."""

    def days_of_tenants() -> Mapping[str, int]:
        return {each.tenant_id: each.retention_days for each in directory.tenants()}

    return LadderWriter(
        ladder_path(settings),
        keep=LadderKeep(days=settings.ladder.days, max_disk=settings.ladder.max_disk),
        local_for=local_for,
        days_of_tenants=days_of_tenants,
        now_ms=SystemClock().now_ms,
        log=log,
    )


def ladder_path(settings: Settings) -> Path:
    """The file of ladders."""
    return ladder_file_of(file_of(settings.store.url))


def _keep_by(writer: LadderWriter | None) -> Callable[[Call, Notes], None]:
    def keep(call: Call, notes: Notes) -> None:
        if writer is not None:
            writer.put(
                Job(
                    call=call,
                    messages=notes.messages,
                    size=notes.size,
                    omitted=notes.omitted,
                    is_dropped=notes.is_dropped,
                )
            )

    return keep


def read_ladder_of(settings: Settings, store: SqliteStore) -> ReadLadder:
    """The readers' side; for one thread at a time."""
    return ReadLadder(
        reader=store.reader(),
        feed=store.event_feed(),
        archive=SqliteLadderArchive(ladder_path(settings)),
        deliveries=store.call_deliveries(),
        keeping=keeping_of(settings),
        clock=SystemClock(),
    )
