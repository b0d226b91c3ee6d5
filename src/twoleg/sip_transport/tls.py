"""TLS for SIP: contexts made from files at start, and whether a certificate is a domain's (RFC 5922).  No sockets."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from twoleg.sip.errors import SipParseError
from twoleg.sip.uri import SipUri


class TlsError(ValueError):
    """Certificates that cannot be used; the text says which file and why, fit for an operator."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What the operator gives us, as files in PEM."""

    certificate: Path | None = None
    """Ours, with its chain: shown to those who call us, and to servers that ask for a client's."""
    key: Path | None = None
    """Its private key, without a password; None when it stands in the certificate's file."""
    ca: Path | None = None
    """Whom to trust; None: whom the system trusts."""
    verify_clients: bool = False
    """Whether those who connect to us must show a certificate that `ca` vouches for."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Both roles, ready to use."""

    server: ssl.SSLContext | None
    """None without a certificate: nobody can connect to us."""
    client: ssl.SSLContext


def load_tls(files: TlsFiles) -> Tls:
    """Read the files, once.  Raises TlsError."""
    try:
        return Tls(_server(files) if files.certificate is not None else None, _client(files))
    except (OSError, ssl.SSLError) as error:
        names = [str(file) for file in (files.certificate, files.key, files.ca) if file is not None]
        raise TlsError(f"{', '.join(names)}: {error.strerror or error}") from error


def _server(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context, files)
    if files.verify_clients:
        _trust(context, files)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _client(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The chain is verified by OpenSSL; the name by `is_for`, for RFC 5922 also knows SIP URIs and no wildcards.
    context.check_hostname = False
    _harden(context, files)
    _trust(context, files)
    return context


def _harden(context: ssl.SSLContext, files: TlsFiles) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.certificate is not None:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)


def _no_password() -> str:
    raise ssl.SSLError("the private key is locked with a password")


def _trust(context: ssl.SSLContext, files: TlsFiles) -> None:
    if files.ca is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(files.ca)


def is_for(certificate: Mapping[str, Any], name: str) -> bool:
    """Whether a verified certificate (`SSLSocket.getpeercert()`) is for the SIP domain, or the address, `name`.

    RFC 5922 7.1 and 7.2: when it names SIP URIs, only they count; else its DNS names, whole, without wildcards.
    """
    names = list(_names(certificate))
    wanted = name.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(wanted)
    except ValueError:
        uris = [value for kind, value in names if kind == "URI" and _sip_domain(value) is not None]
        if uris:
            return any(_sip_domain(value) == wanted for value in uris)
        return any(kind == "DNS" and value.lower().rstrip(".") == wanted for kind, value in names)
    return any(kind == "IP Address" and _is_address(value, address) for kind, value in names)


_SUBJECT_NAMES: Final = "subjectAltName"


def _names(certificate: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Its names; an old certificate without any may have one in its subject (RFC 5922 7.1, last resort)."""
    found = tuple(certificate.get(_SUBJECT_NAMES, ()))
    yield from found
    if not found:
        for part in certificate.get("subject", ()):
            yield from (("DNS", value) for kind, value in part if kind == "commonName")


def _sip_domain(uri: str) -> str | None:
    """The domain that a URI in a certificate stands for: one without a user (RFC 5922 7.1)."""
    try:
        parsed = SipUri.parse(uri)
    except SipParseError:
        return None
    return parsed.host.lower() if parsed.user is None else None


def _is_address(value: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return ipaddress.ip_address(value.strip()) == address
    except ValueError:
        return False
