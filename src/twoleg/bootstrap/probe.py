"""Asks trunks whether they are there: an OPTIONS to each (RFC 3261 11), from a port of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from twoleg.bootstrap.logs import operator_log
from twoleg.bootstrap.signalling import resolver, signalling
from twoleg.bootstrap.sockets import bind_elsewhere
from twoleg.config import Settings
from twoleg.domain.trunk import Trunk
from twoleg.sip.events import Event, OptionsAnswered
from twoleg.sip.headers import NameAddr
from twoleg.sip.peers import Peer
from twoleg.sip.uri import SipUri
from twoleg.sip.user_agent import UserAgent
from twoleg.sip_transport.resolver import ResolveError, Resolver
from twoleg.sip_transport.transports import Transports

PATIENCE = 3.0
"""Seconds a trunk gets to answer; OPTIONS is repeated after 0.5 and 1.5 s meanwhile (RFC 3261 17.1.2.2)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one trunk. Any final status shows life, 401 and 404 included."""

    status: int | None
    why: str = ""
    """Why there is no status."""
    milliseconds: float | None = None


async def ask_trunks(trunks: Sequence[Trunk], settings: Settings) -> list[Answer]:
    """Ask all of them at once; answers in the order of the question, after `PATIENCE` at most."""
    shell = signalling(settings, bind_elsewhere(settings), log=operator_log("error"))
    asking = _Asking(shell, resolver(settings, shell.now))
    shell.start(asking.heard)
    try:
        return await asyncio.gather(*(asking.ask(trunk) for trunk in trunks))
    finally:
        shell.close()


class _Asking:
    """The questions under way."""

    def __init__(self, shell: Transports[UserAgent], resolver: Resolver) -> None:
        self._shell = shell
        self._resolver = resolver
        self._waiting: dict[object, asyncio.Future[int | None]] = {}

    def heard(self, event: Event) -> None:
        """The shell's callback."""
        if isinstance(event, OptionsAnswered):
            waiting = self._waiting.get(event.token)
            if waiting is not None and not waiting.done():
                waiting.set_result(event.status)

    async def ask(self, trunk: Trunk) -> Answer:
        try:
            peers = await self._resolver.resolve(SipUri.parse(trunk.uri))
        except ResolveError as error:
            return Answer(None, why=str(error))
        began = self._shell.now()
        waiting = self._waiting[trunk.name] = asyncio.get_running_loop().create_future()
        self._send(trunk, peers[0])
        with suppress(TimeoutError):
            status = await asyncio.wait_for(waiting, PATIENCE)
            if status is None:
                return Answer(None, why="nothing listens there")
            return Answer(status, milliseconds=(self._shell.now() - began) * 1000)
        return Answer(None, why=f"no answer within {PATIENCE:g} s")

    def _send(self, trunk: Trunk, peer: Peer) -> None:
        self._shell.agent.options(
            target=trunk.uri,
            peer=peer,
            from_=NameAddr("", f"sip:twoleg@{self._shell.agent.local_for(peer).host_port}"),
            token=trunk.name,
            now=self._shell.now(),
        )
        self._shell.wake()
