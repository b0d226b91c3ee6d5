"""The engine's book of legs: which leg of the user agent belongs to which call and role."""

from __future__ import annotations

from dataclasses import dataclass, field

from twoleg.application.media import MediaPath
from twoleg.domain.call import Call, Role
from twoleg.sip.events import LegId


@dataclass(slots=True)
class EngineCall:
    """What the engine keeps of one call."""

    call: Call
    """As of the last performed effect."""
    path: MediaPath | None = None
    legs: dict[Role, LegId] = field(default_factory=dict)
    answered: set[Role] = field(default_factory=set)
    silent: set[Role] = field(default_factory=set)
    """Roles of which nothing more is told: released or gone."""


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
        """The leg said its last word."""
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
