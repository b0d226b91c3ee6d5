"""Is this callback the service's? For your own HTTP handler: give it the raw body and the headers, before parsing.

event = webhooks.event(body, headers, secret)        # native endpoints: checked, then read
told = webhooks.verify(body, headers, secret)        # any callback: checked, then its JSON object
told = webhooks.verify_release(body, shared_key)     # the compatible release callback signed in its body
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder

from twoleg.client import system
from twoleg.client.errors import WebhookRejected
from twoleg.client.exchange import decoded
from twoleg.client.models import Event

TOLERANCE = 300.0
"""Seconds that a callback may be old or early (standardwebhooks.com, specification 1.0)."""

_PREFIX = "whsec_"
_SIGNATURE_MEMBERS = frozenset({"timestamp", "nonce", "signature"})
_OBJECT = Decoder(dict[str, Any])
_EVENT = Decoder(Event)


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> dict[str, Any]:
    """The body's JSON object, once its Standard Webhooks signature is found good. Raises `WebhookRejected`.

    `headers`: names in any case. `secret`: one, or several while one is being replaced. `now`: seconds since the epoch.
    A callback may come twice: what `webhook-id` names was delivered before is the receiver's to notice.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (given.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (message_id and timestamp and signatures):
        raise WebhookRejected("the headers webhook-id, webhook-timestamp and webhook-signature are not all there")
    _check_age(timestamp, tolerance, system.wall_clock() if now is None else now)
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = [_sign(key, signed) for key in ([secret] if isinstance(secret, str) else secret)]
    offered = [part.removeprefix("v1,").encode() for part in signatures.split(" ") if part.startswith("v1,")]
    if not any([hmac.compare_digest(one, other) for one in expected for other in offered]):  # noqa: C419 - all of them
        raise WebhookRejected("no signature fits the body and the secret")
    return _object(body)


def event(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> Event:
    """The event that a native endpoint is told, once found good. Raises `WebhookRejected`, `UnexpectedAnswer`."""
    verify(body, headers, secret, tolerance=tolerance, now=now)
    return decoded(_EVENT, body)


def verify_release(body: bytes, shared_key: str) -> dict[str, Any]:
    """The release callback's members, once the signature in its body is found good. Raises `WebhookRejected`.

    The rule of the compatible interface (page cec_07_0068): all members but `timestamp`, `nonce` and `signature`,
    sorted by name, as `name=value` joined by commas, null as the word null, without blanks; before it
    `key_timestamp_nonce_`; HMAC-SHA256 with the key, in Base64. The page gives no rule for ages: whoever fears replays
    keeps the nonces.
    """
    members = _object(body)
    timestamp, nonce, signature = (members.get(name) for name in ("timestamp", "nonce", "signature"))
    if not (isinstance(timestamp, str) and isinstance(nonce, str) and isinstance(signature, str)):
        raise WebhookRejected("the members timestamp, nonce and signature are not all there")
    listed = ",".join(f"{name}={_value(members[name])}" for name in sorted(members.keys() - _SIGNATURE_MEMBERS))
    text = f"{shared_key}_{timestamp}_{nonce}_{listed.replace(' ', '')}"
    expected = b64encode(hmac.digest(shared_key.encode(), text.encode(), sha256))
    if not hmac.compare_digest(expected, signature.encode()):
        raise WebhookRejected("the signature does not fit the body and the key")
    return members


def _check_age(timestamp: str, tolerance: float, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        raise WebhookRejected("webhook-timestamp is not a number of seconds")
    if abs(now - int(timestamp)) > tolerance:
        raise WebhookRejected("the callback is too old, or from the future: is this machine's clock right?")


def _sign(secret: str, signed: bytes) -> bytes:
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is not whsec_ and Base64, as the service gave it") from error
    return b64encode(hmac.digest(key, signed, sha256))


def _object(body: bytes) -> dict[str, Any]:
    try:
        return _OBJECT.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WebhookRejected("the body is not a JSON object") from error


def _value(value: object) -> str:
    return "null" if value is None else str(value)
