"""From configured trunks to the domain's, the implicit one to the sandbox among them, and what their use needs."""

from __future__ import annotations

from collections.abc import Iterable

from twoleg.adapters.system import SystemEntropy
from twoleg.application.capacity import Capacity, Limits
from twoleg.config import Settings, TrunkSettings
from twoleg.domain.trunk import HealthCheck, Rewrite, Trunk

SANDBOX = "sandbox"


def trunks_of(settings: Settings, *, sandbox: str | None) -> tuple[Trunk, ...]:
    """The trunks to dial by. With none configured, our own sandbox (its URI, when it runs) takes all numbers."""
    if not settings.trunks and sandbox is not None:
        return (Trunk(name=SANDBOX, uri=sandbox),)
    return tuple(trunk_of(each) for each in settings.trunks)


def trunk_of(settings: TrunkSettings) -> Trunk:
    """One configured trunk, as the domain knows it."""
    return Trunk(
        name=settings.name,
        uri=settings.uri,
        prefixes=settings.prefixes,
        username=settings.username,
        password=settings.password,
        priority=settings.priority,
        weight=settings.weight,
        tenants=None if settings.tenants is None else frozenset(settings.tenants),
        dialled=Rewrite(settings.strip, settings.prepend),
        shown=Rewrite(settings.clip_strip, settings.clip_prepend),
        channels=settings.channels,
        calls_per_second=settings.calls_per_second,
        identity=settings.identity,
        withholds=settings.privacy,
        patience=settings.attempt_timeout,
        registers=settings.register,
        registration_expires=settings.register_expires,
        health=HealthCheck(settings.options_every, settings.options_failures, settings.options_successes),
    )


def capacity_of(trunks: Iterable[Trunk]) -> Capacity:
    """The accounting of their limits."""
    return Capacity({each.name: Limits(each.channels, each.calls_per_second) for each in trunks})


def draw(most: int) -> int:
    """One of 0, 1 ... `most`, each as likely (but for one part in 2**64)."""
    return SystemEntropy().bits(64 + most.bit_length()) % (most + 1)
