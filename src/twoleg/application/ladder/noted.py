"""A message as it is noted while its call lives, and what becomes of it before it may go anywhere.

Noting happens for every message of every call, most of which nobody will ever look at: a tuple, nothing read, nothing
copied. `without_secrets` is the one way from there to a `WireMessage`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from msgspec import msgpack

from twoleg.application.ladder.values import Place, WireMessage
from twoleg.domain.call import Role
from twoleg.sip.peers import Peer
from twoleg.sip.redaction import redact

Noted = tuple[int, Role, bool, Peer, bytes]
"""When (microseconds since the epoch), whose leg, whether we sent it, the peer, and the octets with all secrets."""

LocalFor = Callable[[Peer], Peer]
"""Our address as that peer is told it; called from any thread."""


def without_secrets(noted: Noted, local_for: LocalFor) -> WireMessage:
    """The message as it may be kept and passed on; some 40 microseconds."""
    at, role, is_out, peer, data = noted
    local = local_for(peer)
    return WireMessage(
        at=at,
        role=role,
        is_out=is_out,
        transport=peer.transport,
        local=Place(local.host, local.port),
        peer=Place(peer.host, peer.port),
        data=redact(data),
    )


_QUICKLY = 1
"""Of zlib's levels. The messages of a call repeat each other: the quickest makes a fifth of them."""
_Packable = tuple[int, str, bool, tuple[str, str, int, str], bytes]
_unpack = msgpack.Decoder(list[_Packable]).decode


def packed(messages: Sequence[Noted]) -> bytes:
    """The same in a fifth of the room; some 100 microseconds for a call."""
    return zlib.compress(
        msgpack.encode(
            [
                (at, role.value, is_out, (peer.transport, peer.host, peer.port, peer.domain), data)
                for at, role, is_out, peer, data in messages
            ]
        ),
        _QUICKLY,
    )


def unpacked(octets: bytes) -> list[Noted]:
    """What `packed` made them of."""
    return [
        (at, Role(role), is_out, Peer(*peer), data) for at, role, is_out, peer, data in _unpack(zlib.decompress(octets))
    ]
