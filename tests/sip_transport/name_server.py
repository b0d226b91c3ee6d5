"""A small DNS server on the loopback: answers what a zone text says, counts what it is asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset
import dns.zone

_SOA = "example.com. 300 IN SOA ns.example.com. root.example.com. 1 2 3 4 30"


class NameServer(asyncio.DatagramProtocol):
    """Records are lines of a zone file with absolute names; `silent` makes it swallow questions."""

    def __init__(self, *records: str) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.silent = False
        self.unknown: set[str] = set()
        """Record types that it has never heard of."""
        self.address = ("127.0.0.1", 0)
        self._sets: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset] = {}
        self._transport: asyncio.DatagramTransport | None = None
        for line in records:
            self.add(line)

    def add(self, line: str) -> None:
        """`sip.example.com. 60 IN A 192.0.2.1`."""
        name, ttl, _, kind, *rest = line.split(maxsplit=4)
        record = dns.rrset.from_text(name, int(ttl), "IN", kind, " ".join(rest))
        known = self._sets.get((record.name, record.rdtype))
        if known is None:
            self._sets[record.name, record.rdtype] = record
        else:
            known.update(record)  # type: ignore[no-untyped-call]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._transport = transport
        self.address = transport.get_extra_info("sockname")[:2]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str | None, int]) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked[question.name.to_text(omit_final_dot=True), kind] += 1
        if self.silent or self._transport is None:
            return
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        found = self._sets.get((question.name, question.rdtype))
        if kind in self.unknown:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif found is not None:
            response.answer.append(found)
        else:
            response.authority.append(dns.rrset.from_text(*_SOA.split(maxsplit=4)))  # type: ignore[arg-type]
            if not any(name == question.name for name, _ in self._sets):
                response.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(response.to_wire(), addr)
