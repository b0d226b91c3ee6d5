"""What integrators write from the pages alone to check who called them: shares no code with the service.

The vendor's page (cec_07_0068), in its own order: take the parameters but for the signature's own; sort them by name;
write each as k=v, a null as the word null and an empty value as nothing; join by commas; remove all blanks; put the
secret, the timestamp and the nonce before it, joined by underscores; HmacSHA256 with the secret as the key; Base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Protocol


class Request(Protocol):
    """What a receiver has in hands."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


def is_signed_by(secret: str, body: bytes) -> bool:
    """Whether the signature in the body is the one the page asks for."""
    params = json.loads(body)
    claimed = params.pop("signature")
    timestamp, nonce = params.pop("timestamp"), params.pop("nonce")
    pairs = []
    for key in sorted(params):
        value = params[key]
        if value is None:
            value = "null"
        pairs.append(key + "=" + value)
    joined = "".join(char for char in ",".join(pairs) if char != " ")
    message = secret + "_" + timestamp + "_" + nonce + "_" + joined
    wanted = base64.standard_b64encode(
        hmac.new(secret.encode("utf-8"), message.encode("utf-8"), hashlib.sha256).digest()
    )
    return hmac.compare_digest(wanted.decode("ascii"), claimed)


def is_standard(secret: str, request: Request) -> bool:
    """Whether one of its signatures is the one that Standard Webhooks asks for: HMAC-SHA256 of id.timestamp.body."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = b".".join(
        [request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), request.body]
    )
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    return any(hmac.compare_digest(wanted, each) for each in request.headers["webhook-signature"].split(" "))
