"""Which media a call gets: its own, its tenant's, or the service's; and what it falls back to without a relay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from twoleg.adapters.media.anchored import AnchoredPath
from twoleg.adapters.media.capture import Capture
from twoleg.adapters.media.places import House, Places, in_order
from twoleg.adapters.media.relay import Relay
from twoleg.adapters.media.supervision import Supervision, Watchfulness
from twoleg.application.media import Media, MediaPath, MediaWishes
from twoleg.application.quality import QualityNotes
from twoleg.application.recording import RecordingDesk
from twoleg.domain.call import Call, Role
from twoleg.domain.media import MediaMode
from twoleg.domain.recording import Command


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is and who gets what."""

    mode: MediaMode
    fallback: tuple[MediaMode, ...] = ()
    """Tried in that order when the chosen one has no relay that takes the call."""
    tenants: Mapping[str, MediaMode] = field(default_factory=dict)
    """By tenant id, instead of `mode`."""

    def order(self, call: Call) -> tuple[MediaMode, ...]:
        """For that call: what was asked for it, else what its tenant gets, else what all get."""
        chosen = call.media or self.tenants.get(call.tenant_id, self.mode)
        return (chosen, *(mode for mode in self.fallback if mode is not chosen))


class ChosenMedia:
    """`application.media.Media`, and `application.recording.CallRecorder` for the calls that have a relay."""

    def __init__(  # noqa: PLR0913 - what it is made of, all named
        self,
        *,
        choice: Choice,
        direct: Media,
        relays: Mapping[MediaMode, Sequence[Relay]],
        house: House,
        watchfulness: Watchfulness,
        desk: RecordingDesk,
        notes: QualityNotes,
    ) -> None:
        """`relays` of each mode but DIRECT; of one mode they are alike, and the least loaded takes the call."""
        self._choice = choice
        self._direct = direct
        self._relays = relays
        self._house = house
        self._watchfulness = watchfulness
        self._desk = desk
        self._notes = notes
        self._paths: dict[int, AnchoredPath] = {}
        self._unfinished: set[int] = set()

    def open(self, call: Call, wishes: MediaWishes) -> MediaPath:
        """See `Media.open`."""
        order = self._choice.order(call)
        if order[0] is MediaMode.DIRECT:
            return self._direct.open(call, wishes)
        heard = HeardWishes(wishes, late=partial(self._fault_after_the_end, call.serial))
        return SwitchedPath(heard, partial(self._anchored, call, order), partial(self._closed, call.serial))

    @property
    def is_busy(self) -> bool:
        """Whether a relay has still to be told of a call's end."""
        return bool(self._unfinished)

    def record(self, serial: int, command: Command) -> None:
        """See `CallRecorder.record`."""
        path = self._paths.get(serial)
        if path is not None:
            path.record(command)

    def _anchored(self, call: Call, order: Sequence[MediaMode], path: SwitchedPath) -> AnchoredPath:
        may_go_direct = MediaMode.DIRECT in order
        kinds = order[: order.index(MediaMode.DIRECT)] if may_go_direct else order
        wishes, serial = path.wishes, call.serial
        anchored = AnchoredPath(
            wishes=wishes,
            places=Places(
                serial=serial,
                relays=in_order(self._relays.get(kind, ()) for kind in kinds),
                go_without=partial(path.switch, lambda: self._direct.open(call, wishes)) if may_go_direct else None,
                is_recorded=self._desk.is_wanted(serial),
                house=self._house,
            ),
            supervision=Supervision(
                serial=serial,
                capture=Capture(serial=serial, desk=self._desk),
                watchfulness=self._watchfulness,
                notes=self._notes,
                log=self._house.log,
                finished=partial(self._unfinished.discard, serial),
            ),
        )
        self._paths[serial] = anchored
        self._unfinished.add(serial)
        return anchored

    def _closed(self, serial: int) -> None:
        self._paths.pop(serial, None)

    def _fault_after_the_end(self, serial: int, error: Exception) -> None:
        self._house.log.error("media fault after the end of a call", call=serial, exc_info=error)


class HeardWishes:
    """A call's wishes, until they are heard no more: what was under way when the call ended comes to nothing.

    But for faults: those are told to `late` from then on.
    """

    def __init__(self, wishes: MediaWishes, *, late: Callable[[Exception], None]) -> None:
        self._wishes: MediaWishes | None = wishes
        self._late = late

    def mute(self) -> None:
        """From now on nothing is wished."""
        self._wishes = None

    def offer(self, role: Role, body: bytes | None) -> None:
        """See `MediaWishes`, here and below."""
        if self._wishes is not None:
            self._wishes.offer(role, body)

    def answer(self, role: Role, status: int, body: bytes | None) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.answer(role, status, body)

    def ack(self, role: Role, body: bytes) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.ack(role, body)

    def greeting(self, *, is_over: bool) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.greeting(is_over=is_over)

    def bridged(self) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.bridged()

    def silent(self, role: Role) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.silent(role)

    def heard(self, role: Role) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.heard(role)

    def failed(self, cause: int, detail: str) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.failed(cause, detail)

    def faulted(self, error: Exception) -> None:
        """Passed on."""
        if self._wishes is not None:
            self._wishes.faulted(error)
        else:
            self._late(error)


class SwitchedPath:
    """An anchored path that gives way to another one before the agent is dialled, when no relay takes the call."""

    def __init__(
        self,
        wishes: HeardWishes,
        first: Callable[[SwitchedPath], MediaPath],
        closed: Callable[[], None],
    ) -> None:
        """`closed` is told when the call is over."""
        self.wishes = wishes
        self._paths: list[MediaPath] = [first(self)]
        self._told_closed = closed

    def switch(self, to: Callable[[], MediaPath]) -> None:
        """The path so far goes no further; the one made by `to` dials the agent."""
        self._paths.append(to())
        self._now.dial(Role.AGENT)

    @property
    def _now(self) -> MediaPath:
        return self._paths[-1]

    def dial(self, role: Role) -> None:
        """See `MediaPath`, here and below: the path of the moment does it."""
        self._now.dial(role)

    def early(self, role: Role, body: bytes) -> None:
        """Passed on."""
        self._now.early(role, body)

    def answered(self, role: Role, body: bytes | None) -> None:
        """Passed on."""
        self._now.answered(role, body)

    def refused(self, role: Role, status: int | None) -> None:
        """Passed on."""
        self._now.refused(role, status)

    def offered(self, role: Role, body: bytes | None) -> None:
        """Passed on."""
        self._now.offered(role, body)

    def acknowledged(self, role: Role, body: bytes | None) -> None:
        """Passed on."""
        self._now.acknowledged(role, body)

    def ringback(self) -> None:
        """Passed on."""
        self._now.ringback()

    def pass_early(self) -> None:
        """Passed on."""
        self._now.pass_early()

    def bridge(self) -> None:
        """Passed on."""
        self._now.bridge()

    def close(self) -> None:
        """All of them."""
        self.wishes.mute()
        for path in self._paths:
            path.close()
        self._told_closed()
