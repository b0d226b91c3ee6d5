"""Every exception the SIP core raises on purpose; nothing else may live here.

SipError is the root.  Below it, side by side:

* SipParseError: bytes or text from the wire break the grammar;
* SipEncodeError: a message that we built cannot be put on the wire;
* SdpError: a session description breaks RFC 4566, or an operation does not fit it;
* DigestError: a challenge cannot be answered (unknown algorithm or quality of protection).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twoleg.sip.headers import Headers


class SipError(Exception):
    """Root of the tree: catching it catches every deliberate failure of the SIP core."""


class SipParseError(SipError):
    """Text from the wire that breaks the grammar of RFC 3261.

    `why` is one line for a log.  `status` is the final status (400-699) that answers the message when it was a
    request, or None when it deserves silence: a response, an ACK, or bytes that are not SIP.  `headers` are the
    fields read before (or in spite of) the fault, None when there are none; `message.response_to_malformed` builds
    the answer from them.
    """

    def __init__(self, why: str, *, status: int | None = 400, headers: Headers | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
        self.headers = headers


class SipEncodeError(SipError):
    """A message of ours holds a line break or a code point that must not reach the wire."""


class SdpError(SipError):
    """A session description that breaks RFC 4566, or lacks what an operation needs."""


class DigestError(SipError):
    """A challenge that breaks RFC 7616, or asks for an algorithm or protection we do not have."""
