"""Who we are to a peer that challenges us, and the answers to its challenges (RFC 3261 22)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and password for digest authentication, good for whatever realm asks."""

    username: str
    password: str
