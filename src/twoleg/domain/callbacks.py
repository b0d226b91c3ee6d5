"""Callback URLs: which address a tenant may have its callbacks sent to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, unique
from urllib.parse import urlsplit

from twoleg.domain.tenant import Refused

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:./_#?&")
"""The characters that the vendor's createCall page allows in a callback URL. That there is no `@`, `%` or `[` among
them means that what `urlsplit` calls the host is the host for every other reader too."""


@unique
class CallbackFault(Enum):
    """What is wrong with a callback URL."""

    BAD_CHARACTER = "only letters, digits and -:./_#?& may occur in the URL"
    NOT_HTTP = "the URL must begin with http:// or https://"
    NO_HOST = "the URL names no host, or a port that is none"
    HOST_NOT_LISTED = "the host is not on the tenant's callback allow-list"


@dataclass(frozen=True, slots=True)
class CallbackRefused(Refused):
    """A refusal because of the callback URL, with the rule it broke."""

    fault: CallbackFault = CallbackFault.HOST_NOT_LISTED


def callback_fault(url: str, allowed_hosts: Collection[str]) -> CallbackFault | None:
    """The first rule that the URL breaks (decisions 3.7). Host names are compared in any case, ports are free."""
    if not _ALLOWED.issuperset(url):
        return CallbackFault.BAD_CHARACTER
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # a port that is no number within 0-65535
        return CallbackFault.NO_HOST
    if parts.scheme not in ("http", "https") or not url[len(parts.scheme) :].startswith("://"):
        return CallbackFault.NOT_HTTP
    if not host:
        return CallbackFault.NO_HOST
    if host not in {allowed.lower() for allowed in allowed_hosts}:
        return CallbackFault.HOST_NOT_LISTED
    return None
