"""Keeps a log readable: the same trouble with the same peer is told once, or once in a while."""

from __future__ import annotations

from twoleg.sip.peers import Peer


class Quiet:
    """Remembers about whom something was said and when.

    With `remembered` peers the one longest ago makes way, if of it, too, something might be said again; else nothing
    is said of a new one.
    """

    def __init__(self, *, every: float, remembered: int = 1024) -> None:
        """`every`: seconds until the same may be told of the same peer again; infinite for never."""
        self._every = every
        self._remembered = remembered
        self._told: dict[Peer, float] = {}

    def may_tell(self, peer: Peer, now: float) -> bool:
        """Whether to say it now; if so it counts as said."""
        told = self._told.get(peer)
        if told is not None and now - told < self._every:
            return False
        if told is None and len(self._told) >= self._remembered:
            longest_ago = next(iter(self._told))
            if now - self._told[longest_ago] < self._every:
                return False
            del self._told[longest_ago]
        self._told.pop(peer, None)
        self._told[peer] = now
        return True
