"""What the engine keeps in memory: which legs of the user agent belong to which call, and how they are dialled."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from twoleg.adapters.sip_engine.holds import Holds
from twoleg.adapters.sip_engine.routes import Route
from twoleg.application.media import MediaPath
from twoleg.application.ports import Cancellable
from twoleg.domain.call import Attempt, Call, Role
from twoleg.domain.signals import NOTHING_HEARD, WireFacts
from twoleg.sip.events import LegId
from twoleg.sip.peers import Peer


@dataclass(slots=True)
class Dialling:
    """The dialling of one phone: where it is tried now, and where else it could be."""

    route: Route
    """The trunk of the moment."""
    trunks: deque[str]
    """Those to be tried after it."""
    holds_room: bool = True
    """Whether it holds a channel of its trunk."""
    body: bytes | None = None
    """The offer of its INVITE."""
    has_begun: bool = False
    peers: deque[Peer] = field(default_factory=deque)
    """Further addresses of the trunk of the moment."""
    addresses: int = 0
    """How many its name led to."""
    peer: Peer | None = None
    attempt: Attempt | None = None
    """The newest."""
    tries: int = 0
    wire: WireFacts = NOTHING_HEARD
    """What was last heard of a failed attempt."""
    is_settled: bool = False
    """It rang or was answered: nowhere else will be tried."""
    is_over: bool = False
    """Nothing more is to be sent."""
    timer: Cancellable | None = None

    def stop_timer(self) -> None:
        """Harmless when none runs."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


@dataclass(slots=True)
class EngineCall:
    """What the engine keeps of one call."""

    call: Call
    """As of the last performed effect."""
    path: MediaPath | None = None
    diallings: dict[Role, Dialling] = field(default_factory=dict)
    legs: dict[Role, LegId] = field(default_factory=dict)
    answered: set[Role] = field(default_factory=set)
    silent: set[Role] = field(default_factory=set)
    """Roles of which nothing more is told: released or gone."""
    holds: Holds = field(default_factory=Holds)
    is_ending: bool = False
    """It was to be forgotten once already, and something raised."""
    unacknowledged: dict[Role, bytes | None] | None = None
    """Answered phones whose ACK waits for the disk, and what it is to bring as far as that is known."""


class LegBook:
    """Finds calls by serial and by leg."""

    def __init__(self) -> None:
        self._calls: dict[int, EngineCall] = {}
        self._owners: dict[LegId, tuple[EngineCall, Role]] = {}

    def call(self, serial: int) -> EngineCall | None:
        """The call with that serial."""
        return self._calls.get(serial)

    def open(self, call: Call) -> EngineCall:
        """The entry of that call, made when there is none, and told the newest value."""
        entry = self._calls.get(call.serial)
        if entry is None:
            entry = self._calls[call.serial] = EngineCall(call)
        entry.call = call
        return entry

    def bind(self, entry: EngineCall, role: Role, leg: LegId) -> None:
        """That leg is now the call's leg of that role."""
        entry.legs[role] = leg
        self._owners[leg] = (entry, role)

    def owner(self, leg: LegId) -> tuple[EngineCall, Role] | None:
        """Whose leg it is; None for one that is no call's of ours."""
        return self._owners.get(leg)

    def unbind(self, leg: LegId) -> None:
        """The leg said its last word, or what it says does not matter any more."""
        owner = self._owners.pop(leg, None)
        if owner is not None:
            owner[0].legs.pop(owner[1], None)

    def close(self, serial: int) -> EngineCall | None:
        """Forget the call and its legs; answers what was kept."""
        entry = self._calls.pop(serial, None)
        if entry is not None:
            for leg in tuple(entry.legs.values()):
                self._owners.pop(leg, None)
        return entry

    def __len__(self) -> int:
        return len(self._calls)
