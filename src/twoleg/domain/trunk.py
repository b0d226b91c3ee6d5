"""Trunks as values: how a number is written for one, which may take a call, and in what order they are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, unique

from twoleg.domain.errors import NoRoute


@unique
class IdentityHeader(Enum):
    """How a trunk wants to be told whose call it is, beside From."""

    ASSERTED = "P-Asserted-Identity"
    """RFC 3325."""
    REMOTE_PARTY = "Remote-Party-ID"
    """draft-ietf-sip-privacy-04: never a standard, and what many a PBX reads."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """How a trunk wants numbers written: those that begin with `strip` lose it and get `prepend` in its place."""

    strip: str = ""
    prepend: str = ""

    def __call__(self, number: str) -> str:
        """The number as the trunk is told it; one that does not begin with `strip` is left as it is."""
        if not number.startswith(self.strip):
            return number
        return self.prepend + number[len(self.strip) :]


AS_IT_IS = Rewrite()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Whether and how a trunk is asked for signs of life (OPTIONS, RFC 3261 11)."""

    every: float = 0.0
    """Seconds between two questions; 0: it is never asked and counts as alive."""
    failures: int = 3
    """So many unanswered ones in a row take it down."""
    successes: int = 2
    """So many answered ones in a row bring it up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A way out to phones: a carrier, a PBX, or the sandbox."""

    name: str
    uri: str
    """`sip:host[:port]`: a number is dialled as `sip:NUMBER@host[:port]`."""
    prefixes: tuple[str, ...] = ("",)
    """Leading characters of the numbers it takes, as they were given to us; "" takes all."""
    username: str | None = None
    password: str | None = None
    priority: int = 0
    """Of trunks with an equally long prefix those with the lowest are tried first."""
    weight: int = 1
    """Among equals in priority: its share of the first tries, beside the others' weights; 0 comes last."""
    tenants: frozenset[str] | None = None
    """Whose calls it takes; None: anybody's."""
    dialled: Rewrite = AS_IT_IS
    shown: Rewrite = AS_IT_IS
    """For the CLIP."""
    channels: int | None = None
    """Legs at a time; None: no limit."""
    calls_per_second: float | None = None
    """INVITEs that begin a call, each leg counting as one; None: no limit."""
    identity: tuple[IdentityHeader, ...] = (IdentityHeader.ASSERTED,)
    withholds: bool = False
    """Whether the trunk is asked not to show the number to the phone (Privacy: id, RFC 3325 9.3)."""
    patience: float = 4.0
    """Seconds of complete silence after which a call is tried elsewhere, if there is an elsewhere."""
    registers: bool = False
    registration_expires: int = 3600
    """Seconds that we ask a registrar for."""
    health: HealthCheck = HealthCheck()

    def __repr__(self) -> str:
        """Without the password: it must not reach a log."""
        return f"Trunk({self.name!r}, {self.uri!r}, prefixes={self.prefixes!r})"

    def serves(self, tenant_id: str) -> bool:
        """Whether it takes calls of that tenant."""
        return self.tenants is None or tenant_id in self.tenants


Draw = Callable[[int], int]
"""Chance: `draw(n)` is one of 0, 1 ... n, each as likely."""


def choose_trunks(trunks: Sequence[Trunk], number: str, *, tenant_id: str, draw: Draw) -> tuple[Trunk, ...]:
    """All trunks for a number of a tenant, in the order in which to try them; raises `NoRoute` when there is none.

    The longest matching prefix comes first, then the lowest priority, then chance by weight, much as RFC 2782 has it.
    """
    ranked: dict[tuple[int, int], list[Trunk]] = {}
    for trunk in trunks:
        matched = _longest_match(trunk.prefixes, number)
        if matched is not None and trunk.serves(tenant_id):
            ranked.setdefault((-matched, trunk.priority), []).append(trunk)
    if not ranked:
        raise NoRoute(f"no trunk has a prefix of {number}")
    return tuple(trunk for rank in sorted(ranked) for trunk in _by_weight(ranked[rank], draw))


def _longest_match(prefixes: Sequence[str], number: str) -> int | None:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=None)


def _by_weight(trunks: list[Trunk], draw: Draw) -> list[Trunk]:
    """Pick one after the other, each with the chance of its weight among those that are left.

    RFC 2782 also draws 0, which gives the first of a few light ones more than its share; here 0 is not drawn.
    """
    left = list(trunks)
    ordered = []
    while len(left) > 1:
        total = sum(trunk.weight for trunk in left)
        picked = _at(left, draw(total - 1) + 1 if total else 0)
        ordered.append(picked)
        left.remove(picked)
    return ordered + left


def _at(trunks: Sequence[Trunk], drawn: int) -> Trunk:
    """The first whose running sum of weights reaches what was drawn."""
    running = 0
    for trunk in trunks:
        running += trunk.weight
        if running >= drawn:
            return trunk
    return trunks[-1]


FAILOVER_STATUSES = frozenset({500, 502, 503, 504})
"""Failures that are this server's own and that another may not have (RFC 3261 21.5; 503 also RFC 3263 4.3).

501, 505, 513 and 580 are about our request, which stays the same; 4xx and 6xx are about the phone or about us.
"""

_OF_THE_NETWORK = frozenset({3, 27, 34, 38, 41, 42, 44, 47, 58})
"""Q.850 causes by which a network says that it, not the phone, is the obstacle; another may do better."""


def is_trunks_own_fault(status: int | None, said_cause: int | None) -> bool:
    """Whether a call that failed before it rang is worth another trunk.

    `status` None: there was no answer, or nothing could be delivered. `said_cause`: Q.850 as the trunk itself gave it
    in a Reason header; where it speaks of the called phone ("busy" in a 503) another trunk would hear the same.
    """
    if status is None:
        return True
    if status not in FAILOVER_STATUSES:
        return False
    return said_cause is None or said_cause in _OF_THE_NETWORK
