"""Serials: how the number that names a call is made of time, node and chance."""

from __future__ import annotations

EPOCH_MS = 1_262_304_000_000
"""2010-01-01T00:00:00Z in ms since the Unix epoch. With 22 bits below the time, today's serials have 19 digits."""

TIME_BITS = 41
"""Milliseconds since `EPOCH_MS`: lasts until the year 2079."""
NODE_BITS = 6
CHANCE_BITS = 16
"""Redrawn for every call, so that a neighbour's serial does not tell the next one."""

LARGEST_NODE = (1 << NODE_BITS) - 1
LARGEST_SERIAL = (1 << (TIME_BITS + NODE_BITS + CHANCE_BITS)) - 1
"""2**63 - 1: fits a signed 64-bit integer."""


def make_serial(*, now_ms: int, node_id: int, chance: int) -> int:
    """A serial that is larger than every one made in an earlier millisecond, on any node (decisions 3.2).

    `now_ms`: ms since the Unix epoch, 2010 to 2079; `node_id`: 0-63; `chance`: `CHANCE_BITS` random bits.
    Two of the same node and millisecond are alike once in 65,536: the store refuses the second. Raises `ValueError`.
    """
    elapsed = now_ms - EPOCH_MS
    if not 0 < elapsed < 1 << TIME_BITS:
        raise ValueError(f"the clock says {now_ms} ms: serials exist from 2010 to 2079")
    if not 0 <= node_id <= LARGEST_NODE:
        raise ValueError(f"node id {node_id} is not within 0-{LARGEST_NODE}")
    if not 0 <= chance < 1 << CHANCE_BITS:
        raise ValueError(f"chance must be {CHANCE_BITS} bits")
    return (elapsed << NODE_BITS | node_id) << CHANCE_BITS | chance


def made_at(serial: int) -> int:
    """When a serial of `make_serial` was made: ms since the Unix epoch. Its call was created at that very time."""
    return (serial >> (NODE_BITS + CHANCE_BITS)) + EPOCH_MS


def node_of(serial: int) -> int:
    """The id of the node that made a serial of `make_serial`: 0-63."""
    return serial >> CHANCE_BITS & LARGEST_NODE


def first_at(moment: int) -> int:
    """A number that every serial made at that time, or later, is at least. `moment`: ms since the Unix epoch.

    Below zero for times before serials begin, beyond `LARGEST_SERIAL` for times after they end.
    """
    return (moment - EPOCH_MS) << (NODE_BITS + CHANCE_BITS)
