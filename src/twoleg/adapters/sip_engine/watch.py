"""Which trunks are up: those that register while they are registered, those that are asked while they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from twoleg.adapters.sip_engine.routes import Route, Routes
from twoleg.adapters.sip_engine.targets import Targets
from twoleg.application.ports import Cancellable, Clock, TrunkState
from twoleg.domain.trunk_health import Health, after
from twoleg.sip import events as sip
from twoleg.sip.headers import NameAddr
from twoleg.sip.peers import Peer
from twoleg.sip.registration import Wanted
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.shell import Shell

_NOT_ASKED = "not asked yet"
_LOOK_AGAIN = 30.0
"""Seconds until a registrar without an address is looked for again."""


@dataclass(frozen=True, slots=True)
class _Token:
    """Marks what the user agent tells of a question of ours."""

    trunk: str
    question: int = 0
    """The number of an OPTIONS; 0 for a registration."""


@dataclass(slots=True)
class _Watched:
    route: Route
    is_registered: bool
    health: Health = field(default_factory=Health)
    question: int = 0
    """The OPTIONS whose answer counts; earlier ones came too late."""
    timer: Cancellable | None = None
    was_up: bool | None = None
    why: str = ""
    """As last told."""

    @property
    def is_up(self) -> bool:
        """Whether calls may go that way."""
        return self.is_registered and self.health.is_up


class NoWatch:
    """Nobody watches: every trunk is up."""

    def is_up(self, name: str) -> bool:
        """Yes."""
        return bool(name)

    def heard(self, event: sip.Event) -> None:
        """Nothing was asked."""


class Watch(Protocol):
    """What the engine needs of it."""

    def heard(self, event: sip.Event) -> None:
        """Take an event that belongs to no leg."""


class TrunkWatch:
    """Registers, asks, and remembers. Trunks that do neither are up. Runs on the shell's loop."""

    def __init__(
        self,
        *,
        shell: Shell[UserAgent],
        routes: Routes,
        targets: Targets,
        clock: Clock,
        changed: Callable[[TrunkState], None],
    ) -> None:
        """`changed` is told each trunk's state at the start, when it goes up or down, and why it cannot register."""
        self._shell = shell
        self._agent = shell.agent
        self._targets = targets
        self._clock = clock
        self._changed = changed
        self._watched = {
            trunk.name: _Watched(routes.named(trunk.name), is_registered=not trunk.registers)
            for trunk in routes.trunks
            if trunk.registers or trunk.health.every > 0
        }
        self._leaving: set[str] = set()
        self._is_stopping = False

    def is_up(self, name: str) -> bool:
        """Whether calls may be sent by that trunk."""
        watched = self._watched.get(name)
        return watched is None or watched.is_up

    def start(self) -> None:
        """Begin to register and to ask."""
        for name, watched in self._watched.items():
            trunk = watched.route.trunk
            self._tell_change(watched, "not registered yet" if trunk.registers else _NOT_ASKED)
            if trunk.registers:
                self._look_for_registrar(name)
            if trunk.health.every > 0:
                self._ask(name)

    def stop(self) -> None:
        """Ask no more, and unregister; `is_done` once all registrars have answered or stayed silent for 32 s."""
        self._is_stopping = True
        for name, watched in self._watched.items():
            if watched.timer is not None:
                watched.timer.cancel()
            if watched.is_registered and watched.route.trunk.registers:
                self._leaving.add(name)
            self._agent.unregister(_Token(name), now=self._shell.now())
        self._shell.wake()

    @property
    def is_done(self) -> bool:
        """Whether no binding of ours is left that we know of."""
        return not self._leaving

    def heard(self, event: sip.Event) -> None:
        """Take what became of a registration or a question of ours."""
        match event:
            case sip.Registered(token=_Token(trunk=name), expires=expires):
                watched = self._watched[name]
                watched.is_registered = True
                self._tell_change(watched, f"registered for {expires} s")
            case sip.NotRegistered(token=_Token(trunk=name)):
                self._not_registered(name, event)
            case sip.OptionsAnswered(token=_Token(trunk=name, question=question), status=status):
                self._answered(name, question, status)
            case _:
                pass

    # ------------------------------------------------------------------ registration

    def _look_for_registrar(self, name: str) -> None:
        self._targets.find(self._watched[name].route.uri, partial(self._register, name))

    def _register(self, name: str, peers: Sequence[Peer], why: str) -> None:
        watched = self._watched[name]
        trunk, uri = watched.route.trunk, watched.route.uri
        if self._is_stopping:
            return
        if not peers:
            self._lacks_registration(watched, f"not registered: {why}")
            self._clock.call_later(_LOOK_AGAIN, partial(self._look_for_registrar, name))
            return
        address = NameAddr("", f"{uri.scheme}:{trunk.username}@{watched.route.domain}")
        wanted = Wanted(trunk.uri, peers, address, watched.route.credentials, trunk.registration_expires)
        self._agent.register(wanted, token=_Token(name), now=self._shell.now())
        self._shell.wake()

    def _not_registered(self, name: str, event: sip.NotRegistered) -> None:
        watched = self._watched[name]
        watched.is_registered = False
        if event.retry_in is None:  # we took our leave
            self._leaving.discard(name)
            return
        said = event.phrase if event.status is None else f"{event.status} {event.phrase}"
        self._lacks_registration(watched, f"not registered: {said}")
        if event.status is None:  # it may have moved
            self._targets.find(watched.route.uri, partial(self._aim, name))

    def _lacks_registration(self, watched: _Watched, why: str) -> None:
        """Down for another reason than before is news, too: a registrar that refuses is not one that is silent."""
        if watched.was_up or why != watched.why:
            self._tell(watched, why)

    def _aim(self, name: str, peers: Sequence[Peer], _why: str) -> None:
        if peers:
            self._agent.aim_registration(_Token(name), peers)

    # ------------------------------------------------------------------ signs of life

    def _ask(self, name: str) -> None:
        watched = self._watched[name]
        watched.question += 1
        self._targets.find(watched.route.uri, partial(self._send_question, name, watched.question))

    def _send_question(self, name: str, question: int, peers: Sequence[Peer], _why: str) -> None:
        watched = self._watched[name]
        trunk = watched.route.trunk
        if self._is_stopping:
            return
        if not peers:
            self._answered(name, question, None)
            return
        patience = min(trunk.patience, trunk.health.every)
        watched.timer = self._clock.call_later(patience, partial(self._answered, name, question, None))
        self._agent.options(
            target=trunk.uri,
            peer=peers[0],
            from_=NameAddr("", f"sip:twoleg@{self._agent.local_for(peers[0]).host_port}"),
            token=_Token(name, question),
            now=self._shell.now(),
        )
        self._shell.wake()

    def _answered(self, name: str, question: int, status: int | None) -> None:
        watched = self._watched[name]
        if question != watched.question or self._is_stopping:
            return
        watched.question += 1  # whatever else comes of it comes too late
        if watched.timer is not None:
            watched.timer.cancel()
        check = watched.route.trunk.health
        watched.health = after(watched.health, status, check)
        why = "no answer to OPTIONS" if status is None else f"answers OPTIONS with {status}"
        if watched.why == _NOT_ASKED and status is not None:
            self._tell(watched, why)
        self._tell_change(watched, why)
        watched.timer = self._clock.call_later(check.every, partial(self._ask, name))

    def _tell_change(self, watched: _Watched, why: str) -> None:
        if watched.is_up is not watched.was_up:
            self._tell(watched, why)

    def _tell(self, watched: _Watched, why: str) -> None:
        watched.was_up, watched.why = watched.is_up, why
        name = watched.route.trunk.name
        self._changed(TrunkState(name=name, is_up=watched.is_up, why=why, changed_at=self._clock.now_ms()))
