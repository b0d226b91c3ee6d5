"""What the keys about SIP must be together: addresses, what peers are told, certificates, trunks' transports."""

from __future__ import annotations

from collections import Counter

from twoleg.config.errors import ConfigError
from twoleg.config.settings import Settings
from twoleg.config.values import transport_of
from twoleg.sip.uri import SipUri


def check_sip(file: str, settings: Settings) -> None:
    """Raises the `ConfigError` that names the first key that does not fit the others."""
    _check_addresses(file, settings)
    if "tls" in {each.transport for each in settings.sip.listen} and settings.sip_tls.certificate is None:
        raise ConfigError(f"{file}: sip.tls.certificate is missing: a server of TLS must show one")
    if settings.sip_tls.key is not None and settings.sip_tls.certificate is None:
        raise ConfigError(f"{file}: sip.tls.certificate is missing: the key is for one")
    if settings.sip_tls.verify_clients and settings.sip_tls.ca is None:
        raise ConfigError(f"{file}: sip.tls.ca is missing: it says whose clients are let in")
    if 0 < settings.sip.session_expires < settings.sip.min_se:
        raise ConfigError(
            f"{file}: sip.session_expires = {settings.sip.session_expires} is wrong: must be 0 or at least "
            f"sip.min_se ({settings.sip.min_se})"
        )
    _check_trunks(file, settings)


def _check_addresses(file: str, settings: Settings) -> None:
    told = Counter(":" in each for each in settings.sip.advertised)
    ways = Counter((each.transport, ":" in each.host) for each in settings.sip.listen)
    if any(count > 1 for count in told.values()):
        raise ConfigError(f"{file}: sip.advertised has two addresses of one family: peers are told one")
    for address in settings.sip.listen:
        is_ipv6 = ":" in address.host
        if ways[address.transport, is_ipv6] > 1:
            family = "IPv6" if is_ipv6 else "IPv4"
            raise ConfigError(f"{file}: sip.listen has two {address.transport}: addresses of {family}: one is enough")
        if address.is_wildcard and not told[is_ipv6]:
            raise ConfigError(
                f"{file}: sip.advertised is missing: {address.transport}:{address.host_port} is no address that a peer "
                "can answer to, so it must be the IP address that peers reach this machine at"
            )


def _check_trunks(file: str, settings: Settings) -> None:
    ours = {each.transport for each in settings.sip.listen}
    for trunk in settings.trunks:
        wanted = transport_of(SipUri.parse(trunk.uri))
        if wanted is not None and wanted not in ours:
            raise ConfigError(
                f"{file}: trunk {trunk.name}: {trunk.uri} is reached over {wanted}, "
                f"so sip.listen must have an address with {wanted}: for its answers"
            )
