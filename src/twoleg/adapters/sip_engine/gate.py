"""What waits for the disk: INVITEs, so that a phone that may ring is known of; ACKs, so that it can be hung up."""

from __future__ import annotations

from collections.abc import Callable

from twoleg.adapters.sip_engine.dialler import Dialler
from twoleg.adapters.sip_engine.legs import Dialling, EngineCall
from twoleg.adapters.sip_engine.records import note_of
from twoleg.domain.call import Role
from twoleg.domain.signals import LegPrepared, Signal
from twoleg.sip import events as sip
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.shell import Shell


class Gate:
    """One for all calls. Runs on the shell's loop."""

    def __init__(
        self, *, shell: Shell[UserAgent], dialler: Dialler, tell: Callable[[EngineCall, Signal], None]
    ) -> None:
        self._shell = shell
        self._agent = shell.agent
        self._dialler = dialler
        self._tell = tell

    def prepared(self, entry: EngineCall, role: Role, event: sip.Prepared) -> None:
        """An INVITE is written; it goes out by `send`."""
        dialling = entry.diallings.get(role)
        if dialling is not None and dialling.attempt is not None:
            note = note_of(dialling.route.trunk.name, event.record)
            self._tell(entry, LegPrepared(role, dialling.attempt, note))

    def send(self, entry: EngineCall, role: Role) -> None:
        """It is durable; a phone that is wanted no more is not rung."""
        leg = entry.legs.get(role)
        if leg is not None:
            self._agent.proceed(leg, now=self._shell.now())
            self._dialler.sent(entry, role, leg)

    def answered(self, entry: EngineCall, role: Role, event: sip.Answered) -> bytes | None:
        """The ACK waits for `acknowledge` from now on; answers the note by which the leg can be hung up."""
        entry.unacknowledged = {**(entry.unacknowledged or {}), role: None}
        dialling = entry.diallings.get(role)
        if dialling is None or event.record is None:
            return None
        return note_of(dialling.route.trunk.name, event.record)

    def acknowledge(self, entry: EngineCall, role: Role) -> None:
        """It is durable: ACK, with nothing to add where the INVITE made the offer, else once the answer is there."""
        waiting, dialling = entry.unacknowledged or {}, entry.diallings.get(role)
        if role not in waiting:
            return
        body = waiting[role]
        entry.unacknowledged = {each: text for each, text in waiting.items() if each is not role} or None
        if body is None and _has_offered(dialling):
            body = b""
        if body is not None:
            self._ack(entry, role, body)

    def ack(self, entry: EngineCall, role: Role, body: bytes) -> None:
        """The answer to an offer that came in a 2xx is known."""
        if entry.unacknowledged is not None and role in entry.unacknowledged:
            entry.unacknowledged[role] = body
        else:
            self._ack(entry, role, body)

    def _ack(self, entry: EngineCall, role: Role, body: bytes) -> None:
        leg = entry.legs.get(role)
        if leg is not None:
            self._agent.ack(leg, body=body, now=self._shell.now())
            self._shell.wake()


def _has_offered(dialling: Dialling | None) -> bool:
    return dialling is None or dialling.body is not None
