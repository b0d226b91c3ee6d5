"""Trunks as values, and the choice of one for a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twoleg.domain.errors import NoRoute


@dataclass(frozen=True, slots=True)
class Trunk:
    """A way out to phones: a carrier, a PBX, or the sandbox."""

    name: str
    uri: str
    """`sip:host[:port]`: a number is dialled as `sip:NUMBER@host[:port]`."""
    prefixes: tuple[str, ...] = ("",)
    """Leading characters of the numbers it takes; "" takes all."""
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Without the password: it must not reach a log."""
        return f"Trunk({self.name!r}, {self.uri!r}, prefixes={self.prefixes!r})"


def choose_trunk(trunks: Sequence[Trunk], number: str) -> Trunk:
    """The trunk with the longest prefix of the number; the first configured one of several alike. Raises `NoRoute`."""
    best: tuple[int, Trunk] | None = None
    for trunk in trunks:
        for prefix in trunk.prefixes:
            if number.startswith(prefix) and (best is None or len(prefix) > best[0]):
                best = (len(prefix), trunk)
    if best is None:
        raise NoRoute(f"no trunk has a prefix of {number}")
    return best[1]
