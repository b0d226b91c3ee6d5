"""Names of header fields: compact forms, and the one spelling in which the rest of the core knows each name."""

from __future__ import annotations

from typing import Final

_COMPACT: Final = {
    "a": "Accept-Contact",  # RFC 3841
    "b": "Referred-By",  # RFC 3892
    "c": "Content-Type",
    "d": "Request-Disposition",  # RFC 3841
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",  # RFC 3841
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",  # RFC 4474
    "o": "Event",  # RFC 6665
    "r": "Refer-To",  # RFC 3515
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",  # RFC 6665
    "v": "Via",
    "x": "Session-Expires",  # RFC 4028
    "y": "Identity",  # RFC 8224
}
"""The compact forms of the IANA registry (RFC 3261 7.3.3 and the RFCs named)."""

# fmt: off
_KNOWN: Final = (
    "Accept", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Authentication-Info", "Authorization",
    "Call-ID", "Call-Info", "Contact", "Content-Disposition", "Content-Encoding", "Content-Language",
    "Content-Length", "Content-Type", "CSeq", "Date", "Error-Info", "Event", "Expires", "From", "History-Info",
    "In-Reply-To", "Info-Package", "Max-Forwards", "MIME-Version", "Min-Expires", "Min-SE", "Organization",
    "P-Access-Network-Info", "P-Asserted-Identity", "P-Called-Party-ID", "P-Charging-Vector", "P-Early-Media",
    "P-Preferred-Identity", "Path", "Priority", "Privacy", "Proxy-Authenticate", "Proxy-Authorization",
    "Proxy-Require", "RAck", "Reason", "Record-Route", "Recv-Info", "Refer-To", "Replaces", "Reply-To", "Require",
    "Retry-After", "Route", "RSeq", "Server", "Service-Route", "Session-Expires", "Session-ID", "Subject",
    "Subscription-State", "Supported", "Timestamp", "To", "Unsupported", "User-Agent", "Via", "Warning",
    "WWW-Authenticate",
)
# fmt: on

CANONICAL: Final[dict[str, str]] = {}
"""The usual spellings of the usual names, so that most lookups are one dict access.  Never grows at run time."""

for _name in (*_KNOWN, *_COMPACT.values()):
    CANONICAL.update({_name: _name, _name.lower(): _name, _name.upper(): _name})
for _short, _name in _COMPACT.items():
    CANONICAL.update({_short: _name, _short.upper(): _name})


def canonical_name(name: str) -> str:
    """`name` expanded from its compact form and in the case that RFCs print; an unknown one as `X-Like-This`."""
    known = CANONICAL.get(name) or CANONICAL.get(name.lower())
    return known or "-".join([part.capitalize() for part in name.split("-")])
