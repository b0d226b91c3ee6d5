"""What the command line works with: the store directly, as an operator, beside a running service or without one."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twoleg.adapters.numbering import WorldNumbering
from twoleg.adapters.secrets import Argon2Hasher
from twoleg.adapters.store.sqlite import open_store
from twoleg.adapters.system import SystemClock, SystemEntropy
from twoleg.application.audit import AuditLog
from twoleg.application.call_records import DetailRecords
from twoleg.application.call_rules import CallRules
from twoleg.application.do_not_call import DoNotCall, UnwantedBook
from twoleg.application.event_feed import EventFeed
from twoleg.application.ladder.read_ladder import ReadLadder
from twoleg.application.numbering import Numbering
from twoleg.application.place_call import PlaceCall
from twoleg.application.ports import CallIntake, CallReader, Clock, Directory, Entropy, SecretHasher, TrunkBoard
from twoleg.application.quality import QualityBook
from twoleg.application.recording_book import RecordingBook
from twoleg.application.registry import Registry
from twoleg.application.webhook_desk import WebhookDesk
from twoleg.bootstrap.ladders import read_ladder_of
from twoleg.bootstrap.lock import serving_pid
from twoleg.bootstrap.logs import operator_log
from twoleg.bootstrap.store_file import file_of
from twoleg.bootstrap.timers import limits_of
from twoleg.bootstrap.webhooks import desk_of, secret_box_of
from twoleg.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The ports an operator's commands need. Nothing is nudged: a running engine looks into the store by itself."""

    settings: Settings
    directory: Directory
    registry: Registry
    reader: CallReader
    intake: CallIntake
    event_feed: EventFeed
    detail_records: DetailRecords
    trunks: TrunkBoard
    clock: Clock
    entropy: Entropy
    hasher: SecretHasher
    numbering: Numbering
    read_ladder: ReadLadder
    webhooks: WebhookDesk
    quality: QualityBook
    recordings: RecordingBook
    audit: AuditLog
    unwanted: UnwantedBook
    who: str
    """The person at the keyboard, as in `Entry`."""

    @property
    def do_not_call(self) -> DoNotCall:
        """The use cases of do-not-call lists, as this operator."""
        return DoNotCall(book=self.unwanted, numbering=self.numbering, clock=self.clock, who=self.who)

    @property
    def place_call(self) -> PlaceCall:
        """The use case, as this operator."""
        return PlaceCall(
            intake=self.intake,
            clock=self.clock,
            entropy=self.entropy,
            nudge=no_nudge,
            rules=CallRules(self.numbering),
            node_id=self.settings.node.id,
            limits=limits_of(self.settings),
        )

    @property
    def store_file(self) -> Path:
        """The store's file."""
        return file_of(self.settings.store.url)

    @property
    def service_pid(self) -> int | None:
        """The service that works on this store now."""
        return serving_pid(self.store_file)


@contextmanager
def operator(settings: Settings) -> Iterator[Operator]:
    """Open the store (it is created when there is none), and close it. Raises `UnusableStore`, `StoreUnavailable`."""
    clock = SystemClock()
    store = open_store(settings.store.url, clock=clock, logger=operator_log("warning"), sealer=secret_box_of(settings))
    try:
        reader, feed = store.reader(), store.event_feed()
        yield Operator(
            settings=settings,
            directory=store.directory(),
            registry=store.registry(),
            reader=reader,
            intake=store.intake(),
            event_feed=feed,
            detail_records=store.detail_records(),
            trunks=store.trunk_board(),
            quality=store.quality_book(),
            recordings=store.recordings(),
            audit=store.audit_log(),
            unwanted=store.unwanted_book(),
            who=os_user(),
            clock=clock,
            entropy=SystemEntropy(),
            hasher=Argon2Hasher(),
            numbering=WorldNumbering(),
            read_ladder=read_ladder_of(settings, store),
            webhooks=desk_of(settings, store).acting_for(os_user()),
        )
    finally:
        store.close()


def no_nudge() -> None:
    """The engine finds it by itself, within a quarter of a second."""


def os_user() -> str:
    """`os:alice`; under sudo `os:root (sudo alice)`: for the audit log, which believes the operating system."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # containers run as users that have no name
        user = str(os.geteuid())
    behind = os.environ.get("SUDO_USER")
    return f"os:{user} (sudo {behind})" if behind and behind != user else f"os:{user}"
