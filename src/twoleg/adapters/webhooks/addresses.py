"""Which addresses a receiver may have: a tenant must not make us talk to the machines beside us (SSRF)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Ip = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
_PROTOCOL_ASSIGNMENTS = IPv4Network("192.0.0.0/24")
"""RFC 6890: not to be reached from elsewhere, one cloud's metadata service among it; older Pythons think otherwise."""
_DOCUMENTATION = IPv6Network("3fff::/20")
"""RFC 9637; likewise."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""RFC 4291 section 2.4, and what IANA has given out of it: all that there is to reach."""


class AddressGuard:
    """Lets through what is reachable from anywhere (IANA's special-purpose registries), and what the operator allows.

    Cloud metadata services live on link-local addresses, so they are refused with those.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """`allowed`: networks in CIDR notation that are let through though they are not public."""
        self._allowed = tuple(ip_network(each) for each in allowed)

    def allows(self, address: str) -> bool:
        """Whether we may connect to that address; False for what is none."""
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        meant = _meant(ip)
        if any(
            each.version == network.version and each in network for each in (ip, meant) for network in self._allowed
        ):
            return True
        return _is_public(ip) and _is_public(meant)


def _meant(ip: Ip) -> Ip:
    """The IPv4 address that an IPv6 address stands for in the end; the address itself when it stands for none."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    teredo = None if ip.teredo is None else ip.teredo[1]
    return ip.ipv4_mapped or ip.sixtofour or teredo or ip


def _is_public(ip: Ip) -> bool:
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast and ip not in _PROTOCOL_ASSIGNMENTS
    if ip in _NAT64 or ip.ipv4_mapped is not None:
        return True  # judged by what it stands for
    return ip in _GLOBAL_UNICAST and ip.is_global and ip not in _DOCUMENTATION
