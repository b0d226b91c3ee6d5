"""A SIP message in a few words.  Looks only at what it needs, and takes whatever a phone may have sent."""

from __future__ import annotations

import re
from typing import Final

_CSEQ: Final = re.compile(rb"(?im)^cseq[ \t]*:[ \t]*(\d{1,10})[ \t]+(\w{1,20})")
_REASON: Final = re.compile(rb"(?im)^reason[ \t]*:[ \t]*([^\r\n]{1,200})")
_CREDENTIALS: Final = re.compile(rb"(?im)^(?:proxy-)?authorization[ \t]*:")
_LONGEST: Final = 200


def plain(text: str, *, most: int = _LONGEST) -> str:
    """One line of printable characters, cut to `most` of them: nothing that moves a cursor or turns a direction."""
    flat = "".join(each if each.isprintable() else " " for each in text).strip()
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def label_of(data: bytes) -> str:
    """`INVITE (SDP)`, `180 Ringing (INVITE)`, `INVITE (SDP, credentials)`."""
    head, _, body = data.partition(b"\r\n\r\n")
    first = plain(head.partition(b"\r\n")[0].decode("utf-8", "replace"))
    traits = ["SDP"] if body.startswith(b"v=") else ["body"] if body else []
    if first.startswith("SIP/2.0 "):
        _, _, status = first.partition(" ")
        cseq = _CSEQ.search(head)
        traits = ([] if cseq is None else [cseq[2].decode()]) + traits
        return _with(plain(status, most=40), traits)
    if _CREDENTIALS.search(head) is not None:
        traits.append("credentials")
    return _with(plain(first.partition(" ")[0], most=20), traits)


def _with(words: str, traits: list[str]) -> str:
    return f"{words} ({', '.join(traits)})" if traits else words


def detail_of(data: bytes) -> str:
    """The Reason header (RFC 3326) when there is one, else the target of a request."""
    head = data.partition(b"\r\n\r\n")[0]
    reason = _REASON.search(head)
    if reason is not None:
        return plain("Reason: " + reason[1].decode("utf-8", "replace"))
    words = head.partition(b"\r\n")[0].decode("utf-8", "replace").split(" ")
    return plain(words[1], most=100) if len(words) > 1 and words[0] != "SIP/2.0" else ""
