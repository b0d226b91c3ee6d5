"""A request that is being served.  Values only."""

from __future__ import annotations

from dataclasses import dataclass

from twoleg.sip.message import Request
from twoleg.sip.peers import Peer
from twoleg.sip.transaction_server import ServerTransaction


@dataclass(slots=True)
class Incoming:
    """A request, its transaction, and where it came from.  `tag` is ours for To; a new one is made when it is None."""

    request: Request
    transaction: ServerTransaction
    source: Peer
    tag: str | None = None
