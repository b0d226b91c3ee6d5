"""The exchange on a UDP socket: what the composition root runs in a process of its own."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Callable
from functools import partial
from random import SystemRandom

from twoleg.sandbox.exchange import Exchange
from twoleg.sandbox.numbers import behaviour_of, number_of
from twoleg.sip.events import Event, IncomingInvite
from twoleg.sip.peers import RandomBits
from twoleg.sip_transport.shell import TransportLog
from twoleg.sip_transport.sockets import local_peer
from twoleg.sip_transport.udp import UdpShell


async def run_sandbox(
    *,
    socket: sockets.socket,
    log: TransportLog,
    on_ready: Callable[[], object],
    random: RandomBits | None = None,
) -> None:
    """Let the phones of the sandbox be called on `socket`, a bound UDP socket, until this is cancelled.

    `on_ready` is called once, when they can be.  `random` makes tags and branches, by default unguessable ones; what
    the phones do never depends on it.  Closes the socket at the end.
    """
    local = local_peer(socket)
    shell = UdpShell(Exchange(local=local, random=random or SystemRandom()), socket=socket, log=log)
    try:
        shell.start(partial(_note, log=log))
        on_ready()
        await asyncio.Event().wait()  # for the cancellation
    finally:
        shell.close()


def _note(event: Event, *, log: TransportLog) -> None:
    if isinstance(event, IncomingInvite):
        number = number_of(event.request.uri)
        log.info("sandbox_called", number=number, source=event.source.host_port, does=behaviour_of(number).says)
