"""Which sockets a process has bound, as the kernel tells it (Linux): for peers that cannot say their own port."""

from __future__ import annotations

from pathlib import Path

_LOOPBACK_HEX = "7F"
"""How /proc/net/udp ends an address of 127.0.0.0/8 on a little-endian machine."""

_LOOPBACK6_HEX = "00000000000000000000000001000000"
"""::1 in /proc/net/udp6 there."""

_IPV4_DIGITS = 8

_LISTENS = "0A"
"""TCP_LISTEN in /proc/net/tcp."""


def udp_ports_of(pid: int) -> set[int]:
    """The UDP ports that process `pid` has bound on loopback, ::1 too; empty when it is gone or has none yet."""
    return {*_ports(pid, "udp"), *_ports(pid, "udp6")}


def tcp_ports_of(pid: int) -> list[int]:
    """The TCP ports that it listens on there, in no order that means anything."""
    return _ports(pid, "tcp")


def _ports(pid: int, transport: str) -> list[int]:
    inodes = _socket_inodes(pid)
    ports = []
    for line in Path(f"/proc/net/{transport}").read_text().splitlines()[1:]:
        fields = line.split()
        address, _, port = fields[1].partition(":")
        is_open = transport != "tcp" or fields[3] == _LISTENS
        is_loopback = address.endswith(_LOOPBACK_HEX) if len(address) == _IPV4_DIGITS else address == _LOOPBACK6_HEX
        if is_open and is_loopback and fields[9] in inodes:
            ports.append(int(port, 16))
    return ports


def _socket_inodes(pid: int) -> set[str]:
    inodes = set()
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            target = _link(descriptor)
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return inodes


def _link(descriptor: Path) -> str:
    """Where it points; empty when it was closed between the listing and this look."""
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return ""
