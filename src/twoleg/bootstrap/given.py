"""Sockets that were bound before us: by systemd (socket activation), or by the service that this one follows."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from twoleg.bootstrap.errors import ServiceError
from twoleg.config import Address

_FIRST = 3
"""The first descriptor that systemd passes on (sd_listen_fds(3))."""


def name_of(key: str, address: Address) -> str:
    """What a socket was bound for, port 0 included: `sip.listen = udp:127.0.0.1:0`."""
    return f"{key} = {address.transport}:{address.host_port}"


@dataclass(slots=True)
class Given:
    """Bound sockets that wait to be taken, each once."""

    by_name: dict[str, socket.socket] = field(default_factory=dict)
    """From another service, by what it bound them for."""
    by_systemd: list[socket.socket] = field(default_factory=list)
    """By where they are bound."""

    def take(self, key: str, address: Address) -> socket.socket | None:
        """The one for that key and address; None: there is none."""
        named = self.by_name.pop(name_of(key, address), None)
        if named is not None:
            return named
        for each in self.by_systemd:
            if _is_at(each, address):
                self.by_systemd.remove(each)
                return each
        return None

    def close(self) -> None:
        """Close what nobody took. Raises `ServiceError` for one of systemd's: somebody meant it to be served."""
        for each in self.by_name.values():
            each.close()
        self.by_name.clear()
        if self.by_systemd:
            host, port = self.by_systemd[0].getsockname()[:2]
            kind = "tcp" if self.by_systemd[0].type == socket.SOCK_STREAM else "udp"
            raise ServiceError(f"systemd hands over {kind} {host}:{port}, which no key of the configuration names")


def given_by_systemd(environ: Mapping[str, str]) -> Given:
    """What LISTEN_FDS speaks of, when LISTEN_PID says that we are meant; else nothing."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return Given()
    count = int(environ.get("LISTEN_FDS", "0"))
    sockets = [socket.socket(fileno=descriptor) for descriptor in range(_FIRST, _FIRST + count)]
    for each in sockets:
        each.set_inheritable(False)
    return Given(by_systemd=sockets)


def _is_at(bound: socket.socket, address: Address) -> bool:
    if bound.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    is_stream = bound.type == socket.SOCK_STREAM
    host, port = bound.getsockname()[:2]
    return (host, port, is_stream) == (address.host, address.port, address.transport != "udp")
