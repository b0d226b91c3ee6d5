"""Secrets of webhook endpoints: how new ones are made, and how an endpoint that has none gets some."""

from __future__ import annotations

from base64 import b64encode

from twoleg.application.ports import Entropy
from twoleg.domain.webhooks import Credentials, SigningSecret

PREFIX = "whsec_"
"""Standard Webhooks, "Signature scheme": so that a secret is known for one when it turns up somewhere."""
_OCTETS = 32
"""The specification asks for 24 to 64."""


def new_secret(entropy: Entropy) -> str:
    """A fresh secret, as receivers are told it."""
    return PREFIX + b64encode(entropy.bits(_OCTETS * 8).to_bytes(_OCTETS, "big")).decode()


def new_credentials(entropy: Entropy) -> Credentials:
    """Of an endpoint that needs nothing else."""
    return Credentials(signing=(SigningSecret(new_secret(entropy)),))
