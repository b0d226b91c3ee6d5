"""DNS records, asked for without blocking and kept as long as they are good.  Nothing of SIP is known here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.resolver

Question: TypeAlias = tuple[str, str]
"""Name and record type, such as ("example.com", "SRV")."""

_LONGEST: Final = 3600.0
"""Seconds an answer is kept at most, whatever its TTL."""

_SHORTEST: Final = 1.0
_NEGATIVE: Final = 60.0
"""Seconds that "there is none" is kept at most (RFC 2308 5 allows hours: too long for a carrier that was mistyped)."""

_AFTER_TROUBLE: Final = 2.0
"""Seconds until a server that did not answer is asked the same again."""

_STALE: Final = 86_400.0
"""Seconds an old answer still serves while the servers do not answer (RFC 8767 5)."""


class LookupTrouble(Exception):
    """The servers did not answer, or not sensibly; the text says what happened."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the servers say: records, none when there is nothing of that type, and for how many seconds it holds."""

    records: tuple[Any, ...]
    ttl: float


Ask: TypeAlias = Callable[[str, str], Awaitable[Found]]
"""Asks the servers one question.  Raises LookupTrouble."""


def dns_ask(*, servers: Sequence[tuple[str, int]] = (), patience: float = 4.0) -> Ask:
    """Ask `servers` (address, port), by default those of the system; no more than `patience` seconds a question.

    Raises LookupTrouble when the system names no server.
    """
    try:
        resolver = dns.asyncresolver.Resolver(configure=not servers)
    except dns.exception.DNSException as error:
        raise LookupTrouble(f"no name servers are configured: {error}") from error
    if servers:
        resolver.nameservers = [address for address, _ in servers]
        resolver.nameserver_ports = dict(servers)
    resolver.lifetime = patience
    resolver.timeout = patience / 2

    async def ask(name: str, kind: str) -> Found:
        try:
            answer = await resolver.resolve(_absolute(name), kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as error:
            return Found((), _lifetime(error.kwargs["responses"].values()))
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise LookupTrouble(f"{kind} of {name}: {str(error) or type(error).__name__}") from error
        return Found(tuple(answer.rrset or ()), float(answer.chaining_result.minimum_ttl))

    return ask


def _absolute(name: str) -> dns.name.Name:
    return dns.name.from_text(name)


def _lifetime(responses: Iterable[dns.message.QueryMessage]) -> float:
    """For how long "no such name" holds: the SOA beside it says so (RFC 2308 5)."""
    with contextlib.suppress(dns.exception.DNSException):
        return min(float(response.resolve_chaining().minimum_ttl) for response in responses)
    return 0.0


@dataclass(slots=True)
class _Kept:
    records: tuple[Any, ...]
    until: float


class Records:
    """Answers from memory while they are good; one question at a time is asked of the servers, however many wait."""

    def __init__(self, ask: Ask, *, now: Callable[[], float], limit: int = 4096) -> None:
        """`now`: seconds, monotonic; `limit`: questions remembered."""
        self._ask = ask
        self._now = now
        self._limit = limit
        self._kept: dict[Question, _Kept] = {}
        self._troubled: dict[Question, tuple[float, str]] = {}
        self._asking: dict[Question, asyncio.Task[tuple[Any, ...]]] = {}

    async def of(self, name: str, kind: str) -> tuple[Any, ...]:
        """The records, none when there are none.  Raises LookupTrouble."""
        question = (name.lower().rstrip("."), kind)
        kept = self._kept.get(question)
        if kept is not None and self._now() < kept.until:
            return kept.records
        asking = self._asking.get(question)
        if asking is None:
            asking = self._asking[question] = asyncio.ensure_future(self._fetch(question))
            asking.add_done_callback(lambda _: self._asking.pop(question, None))
        return await asyncio.shield(asking)

    def __len__(self) -> int:
        """Questions remembered."""
        return len(self._kept) + len(self._troubled)

    async def _fetch(self, question: Question) -> tuple[Any, ...]:
        troubled = self._troubled.get(question)
        if troubled is not None and self._now() < troubled[0]:
            return self._stale(question, troubled[1])
        try:
            found = await self._ask(*question)
        except LookupTrouble as trouble:
            self._remember(self._troubled, question, (self._now() + _AFTER_TROUBLE, str(trouble)))
            return self._stale(question, str(trouble))
        self._troubled.pop(question, None)
        longest = _LONGEST if found.records else _NEGATIVE
        until = self._now() + min(max(found.ttl, _SHORTEST), longest)
        self._remember(self._kept, question, _Kept(found.records, until))
        return found.records

    def _stale(self, question: Question, why: str) -> tuple[Any, ...]:
        kept = self._kept.get(question)
        if kept is not None and self._now() < kept.until + _STALE:
            return kept.records
        raise LookupTrouble(why)

    def _remember(self, table: dict[Question, Any], question: Question, value: Any) -> None:
        table.pop(question, None)
        if len(table) >= self._limit:
            table.pop(next(iter(table)))  # the one that was learned longest ago
        table[question] = value


def read_hosts(file: Path = Path("/etc/hosts")) -> Mapping[str, tuple[str, ...]]:
    """The names of hosts(5) with their addresses, `localhost` always among them; blocks: for start-up."""
    found: dict[str, list[str]] = {}
    with contextlib.suppress(OSError):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            address, *names = line.partition("#")[0].split() or [""]
            for name in names:
                found.setdefault(name.lower(), []).append(address)
    found.setdefault("localhost", ["127.0.0.1", "::1"])
    return {name: tuple(addresses) for name, addresses in found.items()}


async def gather(*work: Coroutine[Any, Any, tuple[Any, ...]]) -> list[tuple[Any, ...] | LookupTrouble]:
    """All at once; trouble of one is its own."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, LookupTrouble):
            raise each
    return [each for each in done if not isinstance(each, BaseException) or isinstance(each, LookupTrouble)]
