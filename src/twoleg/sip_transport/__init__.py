"""Asyncio shells around the sans-I/O SIP core: they own sockets, the clock and the timer, and know nothing of calls.

* `shell`: what owners, cores and logs promise each other;
* `driver`: the loop every shell shares: bytes in, output out, events told, one timer armed;
* `sockets`: addresses and UDP sockets, made once at start;
* `icmp`: what the kernel heard about datagrams that did not arrive;
* `quiet`: how often the log hears the same;
* `udp_port`: one UDP socket;
* `streams`, `connection`, `listener`, `names`, `tls`: TCP and TLS, connections kept and found again;
* `flood`: how much one address may send;
* `udp`, `transports`: the shells, of one UDP socket and of many sockets of all kinds;
* `resolver`, `dns_records`: from a SIP URI to peers (RFC 3263).

There is no DNS on the way of a message: a `Peer` holds an IP address.  Owners ask the `resolver` before they call.
"""
