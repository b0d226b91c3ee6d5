"""Where a SIP URI leads, as addresses to try in order: RFC 3263.  Remembers who asked to be left alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from twoleg.sip.peers import Peer, RandomBits
from twoleg.sip.uri import SipUri
from twoleg.sip_transport.dns_records import Ask, LookupTrouble, Records, dns_ask, gather, read_hosts

_SERVICES: Final = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
"""RFC 3263 4.1; other services are for transports that we do not have."""

_SRV_PREFIX: Final = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp."}
_MOST: Final = 16
"""Addresses given for one URI; the patience of a caller is shorter than that."""

_REMEMBERED: Final = 1024

Place: TypeAlias = tuple[str, str, int]
"""Transport, host name or address, port."""


class ResolveError(Exception):
    """The URI leads nowhere that we can reach; the text says why, fit for an operator."""


class Resolver:
    """Finds peers.  One for a process; its methods are for the loop's own thread, and never block it."""

    def __init__(
        self,
        *,
        now: Callable[[], float],
        random: RandomBits,
        transports: Sequence[str] = ("udp", "tcp", "tls"),
        families: Sequence[int] = (4, 6),
        ask: Ask | None = None,
        hosts: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """`now`: seconds, monotonic.  `transports` and `families` are those that we can send by, best first.

        `ask` puts a question to DNS, by default to the system's servers; `hosts` comes before it, by default
        /etc/hosts as of now.  Raises LookupTrouble when the system names no server.
        """
        self._now = now
        self._random = random
        self._transports = tuple(transports)
        self._families = tuple(families)
        self._records = Records(ask or dns_ask(), now=now)
        self._hosts = read_hosts() if hosts is None else hosts
        self._penalties: dict[Peer, float] = {}

    async def resolve(self, uri: SipUri) -> Sequence[Peer]:
        """The peers to try, in order; without those under a penalty, so none when all are.

        SRV weights are drawn anew for each call.  Raises ResolveError.
        """
        peers = self.at_once(uri)
        if peers is not None:
            return peers
        host = _bare(uri)
        try:
            places = await self._places(uri, host)
            found = await self._peers(places, domain=host)
        except LookupTrouble as trouble:
            raise ResolveError(f"{uri}: {trouble}") from trouble
        if not found:
            raise ResolveError(f"{uri}: no address for {host} that we can send to")
        return self._willing(found)

    def at_once(self, uri: SipUri) -> Sequence[Peer] | None:
        """The same for a URI that needs no look-up (its host, or maddr, is an address); None for one that does."""
        address = _address(_bare(uri))
        if address is None:
            return None
        transport = self._fixed_transport(uri) or _plain_transport(uri)
        if transport not in self._transports or address.version not in self._families:
            raise ResolveError(f"{uri}: we have no {transport} address of IPv{address.version}")
        return self._willing([Peer(transport, str(address), uri.port or _port(transport))])

    def penalise(self, peer: Peer, *, until: float) -> None:
        """Leave `peer` out before `until`: it asked for that (503 with Retry-After, RFC 3261 21.5.4) or is dead."""
        self._penalties.pop(peer, None)
        if len(self._penalties) >= _REMEMBERED:
            self._penalties.pop(next(iter(self._penalties)))
        self._penalties[peer] = until

    def forgive(self, peer: Peer) -> None:
        """End a penalty early: it lives."""
        self._penalties.pop(peer, None)

    def _willing(self, peers: Iterable[Peer]) -> list[Peer]:
        if not self._penalties:
            return list(peers)
        now = self._now()
        return [peer for peer in peers if self._penalties.get(peer, now) <= now]

    def _fixed_transport(self, uri: SipUri) -> str | None:
        """What the URI itself settles, None when it leaves the choice (4.1)."""
        named = (uri.params.get("transport") or "").lower()
        if uri.scheme == "sips":
            return "tls"
        if named and named not in self._transports:
            raise ResolveError(f"{uri}: we have no {named} address")
        return named or None

    async def _places(self, uri: SipUri, host: str) -> list[Place]:
        """4.1 and the SRV half of 4.2."""
        transport = self._fixed_transport(uri)
        if uri.port is not None:
            transport = transport or _plain_transport(uri)
            return [(transport, host, uri.port)]
        if host.lower() in self._hosts:
            transport = transport or _plain_transport(uri)
            return [(transport, host, _port(transport))]
        if transport is not None:
            found = await self._services([(transport, _SRV_PREFIX[transport] + host)])
            return found or [(transport, host, _port(transport))]
        found = await self._services(await self._pointers(host))
        found = found or await self._services([(each, _SRV_PREFIX[each] + host) for each in self._transports])
        plain = _plain_transport(uri)
        return found or [(plain, host, _port(plain))]

    async def _pointers(self, host: str) -> list[tuple[str, str]]:
        """The usable NAPTR records, as transport and name of the SRV records (4.1).

        Servers that do not know the type, and say so by an error or by nothing, are many: then there are none.
        """
        usable = []
        (answer,) = await gather(self._records.of(host, "NAPTR"))
        for record in () if isinstance(answer, LookupTrouble) else answer:
            transport = _SERVICES.get(record.service.decode("ascii", "replace").upper())
            if transport in self._transports and record.flags.lower() == b"s":
                usable.append((record.order, record.preference, transport, _text(record.replacement)))
        return [(transport, name) for _, _, transport, name in sorted(usable)]

    async def _services(self, wanted: Sequence[tuple[str, str]]) -> list[Place]:
        """The SRV records behind those names, each name's in the order of RFC 2782."""
        answers = await gather(*(self._records.of(name, "SRV") for _, name in wanted))
        if answers and all(isinstance(answer, LookupTrouble) for answer in answers):
            raise next(answer for answer in answers if isinstance(answer, LookupTrouble))
        places: list[Place] = []
        for (transport, _), records in zip(wanted, answers, strict=True):
            if not isinstance(records, LookupTrouble):
                ordered = in_srv_order(records, self._random)
                places += [(transport, _text(each.target), each.port) for each in ordered if _text(each.target)]
        return places

    async def _peers(self, places: Sequence[Place], *, domain: str) -> list[Peer]:
        """The address half of 4.2; a place without an address is passed over, unless none has one."""
        places = places[:_MOST]
        answers = await gather(*(self._addresses(host) for _, host, _ in places))
        if places and all(isinstance(answer, LookupTrouble) for answer in answers):
            raise next(answer for answer in answers if isinstance(answer, LookupTrouble))
        peers: dict[Peer, None] = {}
        for (transport, _, port), addresses in zip(places, answers, strict=True):
            if not isinstance(addresses, LookupTrouble):
                # RFC 5922 7.1: whatever DNS says, the certificate must be for the domain that was asked for.
                name = domain if transport == "tls" else ""
                peers |= dict.fromkeys(Peer(transport, address, port, name) for address in addresses)
        return list(peers)[:_MOST]

    async def _addresses(self, host: str) -> tuple[str, ...]:
        known = self._hosts.get(host.lower())
        if known is not None:
            usable = [(each, address) for each in known if (address := _address(each)) is not None]
            return tuple(text for v in self._families for text, address in usable if address.version == v)
        kinds = [{4: "A", 6: "AAAA"}[version] for version in self._families]
        answers = await gather(*(self._records.of(host, kind) for kind in kinds))
        found = [record.address for answer in answers if not isinstance(answer, LookupTrouble) for record in answer]
        for answer in answers:
            if isinstance(answer, LookupTrouble) and not found:
                raise answer
        return tuple(found)


def in_srv_order(records: Iterable[Any], random: RandomBits) -> list[Any]:
    """RFC 2782: by priority; among equals drawn by weight, those of weight 0 with a small chance of being first."""
    ordered = []
    waiting = sorted(records, key=lambda each: (each.priority, each.weight, str(each.target)))
    while waiting:
        equals = [each for each in waiting if each.priority == waiting[0].priority]
        drawn = _draw(equals, random)
        waiting.remove(drawn)
        ordered.append(drawn)
    return ordered


def _draw(equals: Sequence[Any], random: RandomBits) -> Any:
    mark = random.getrandbits(32) % (sum(each.weight for each in equals) + 1)
    for each in equals:
        mark -= each.weight
        if mark <= 0:
            return each
    return equals[-1]


def _bare(uri: SipUri) -> str:
    return (uri.params.get("maddr") or uri.host).strip("[]")


@lru_cache(maxsize=256)
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _plain_transport(uri: SipUri) -> str:
    return "tls" if uri.scheme == "sips" else "udp"


def _port(transport: str) -> int:
    return 5061 if transport == "tls" else 5060


def _text(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)) if name.labels != (b"",) else ""
