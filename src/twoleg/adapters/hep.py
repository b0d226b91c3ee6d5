"""Every SIP message of every call to a HOMER collector, as HEP3 packets over UDP: fire and forget.

The layout is that of the HEP3 specification (github.com/sipcapture/HEP, "HEP/EEP network protocol", rev. 12): a head of
`HEP3` and the length of the whole packet, then chunks of vendor, type, length and value, all in network byte order.
"""

from __future__ import annotations

import socket
import struct
import threading
from queue import SimpleQueue
from typing import Final, Protocol

from twoleg.application.ladder.noted import LocalFor, Noted, without_secrets
from twoleg.application.ladder.values import WireMessage

_GENERIC: Final = 0
"""The vendor of all chunks that the specification itself defines."""
_SIP: Final = 1
"""Chunk 11: the protocol of the payload."""
_TCP, _UDP = 6, 17
_LARGEST_PAYLOAD: Final = 65_507 - 512
"""Octets of a message: a datagram over IPv4 has room for so many, and for the other chunks."""
_MOST_WAITING: Final = 4096
"""Messages; beyond that they are dropped and counted."""


class _Chunk:
    """Chunk types of the specification, section "Generic chunk types"."""

    FAMILY = 0x0001
    PROTOCOL = 0x0002
    IPV4_SOURCE = 0x0003
    IPV4_DESTINATION = 0x0004
    IPV6_SOURCE = 0x0005
    IPV6_DESTINATION = 0x0006
    SOURCE_PORT = 0x0007
    DESTINATION_PORT = 0x0008
    SECONDS = 0x0009
    MICROSECONDS = 0x000A
    PAYLOAD_KIND = 0x000B
    CAPTURE_AGENT = 0x000C
    KEY = 0x000E
    PAYLOAD = 0x000F
    CORRELATION = 0x0011


_AF_INET, _AF_INET6 = 2, 10
"""As Linux numbers them; the specification says so, whatever the machine is."""


def packet(message: WireMessage, *, serial: int, agent: int, key: str | None) -> bytes:
    """One HEP3 packet; the serial correlates both legs of a call. `agent`: 0 to 2**32 - 1."""
    seconds, microseconds = divmod(message.at, 1_000_000)
    chunks = [
        *_addresses(message),
        _chunk(_Chunk.PROTOCOL, struct.pack("!B", _UDP if message.transport == "udp" else _TCP)),
        _chunk(_Chunk.SOURCE_PORT, struct.pack("!H", message.source.port)),
        _chunk(_Chunk.DESTINATION_PORT, struct.pack("!H", message.destination.port)),
        _chunk(_Chunk.SECONDS, struct.pack("!I", seconds & 0xFFFFFFFF)),
        _chunk(_Chunk.MICROSECONDS, struct.pack("!I", microseconds)),
        _chunk(_Chunk.PAYLOAD_KIND, struct.pack("!B", _SIP)),
        _chunk(_Chunk.CAPTURE_AGENT, struct.pack("!I", agent)),
        *([] if key is None else [_chunk(_Chunk.KEY, key.encode())]),
        _chunk(_Chunk.CORRELATION, str(serial).encode()),
        _chunk(_Chunk.PAYLOAD, message.data),
    ]
    body = b"".join(chunks)
    return b"HEP3" + struct.pack("!H", 6 + len(body)) + body


def _addresses(message: WireMessage) -> list[bytes]:
    source, target = message.addresses
    if source.version == 4:
        family, kinds = _AF_INET, (_Chunk.IPV4_SOURCE, _Chunk.IPV4_DESTINATION)
    else:
        family, kinds = _AF_INET6, (_Chunk.IPV6_SOURCE, _Chunk.IPV6_DESTINATION)
    return [
        _chunk(_Chunk.FAMILY, struct.pack("!B", family)),
        _chunk(kinds[0], source.packed),
        _chunk(kinds[1], target.packed),
    ]


def _chunk(kind: int, value: bytes) -> bytes:
    """The length counts the six octets before the value, too."""
    return struct.pack("!HHH", _GENERIC, kind, 6 + len(value)) + value


class HepLog(Protocol):
    """Where the sender says what people need to know; a structlog logger is one."""

    def warning(self, event: str, /, **fields: object) -> object:
        """The collector cannot be reached."""


class HepSender:
    """The `WireExport` to one collector. Secrets are taken out in its own thread, before anything is sent."""

    def __init__(
        self, *, collector: tuple[str, int], agent: int, key: str | None, local_for: LocalFor, log: HepLog
    ) -> None:
        """`collector`: IP address and UDP port. Nobody need be there: nothing waits for an answer."""
        self._agent = agent
        self._key = key
        self._local_for = local_for
        self._log = log
        family = socket.AF_INET6 if ":" in collector[0] else socket.AF_INET
        self._collector = collector
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._inbox: SimpleQueue[tuple[int, Noted] | None] = SimpleQueue()
        self._is_well = True
        self.sent = 0
        """Packets so far."""
        self.refused = 0
        """Messages that found no room on their way to the thread."""
        self.unsent = 0
        """Those that found none in a packet or in the kernel, or no way to the collector."""
        self._thread = threading.Thread(target=self._run, name="hep", daemon=True)
        self._thread.start()

    def tell(self, serial: int, message: Noted) -> None:
        """See `WireExport.tell`; for one thread."""
        if self._inbox.qsize() < _MOST_WAITING:
            self._inbox.put((serial, message))
        else:
            self.refused += 1

    def close(self) -> None:
        """Send what waits, and end. Harmless when repeated."""
        self._inbox.put(None)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while (told := self._inbox.get()) is not None:
            try:
                self._send(*told)
            except Exception as error:  # noqa: BLE001 - whatever it is, it costs one packet, not all that follow
                self.unsent += 1
                if self._is_well:
                    self._log.warning("a HEP collector cannot be told", collector=self._collector[0], why=repr(error))
                self._is_well = False

    def _send(self, serial: int, noted: Noted) -> None:
        message = without_secrets(noted, self._local_for)
        if len(message.data) > _LARGEST_PAYLOAD:
            self.unsent += 1
            return
        made = packet(message, serial=serial, agent=self._agent, key=self._key)
        self._socket.sendto(made, self._collector)
        self.sent += 1
        self._is_well = True
