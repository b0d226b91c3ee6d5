"""What must be kept of a leg that we called, outside this process, so that another one can end it.  Values only."""

from __future__ import annotations

from twoleg.sip.dialog import Dialog
from twoleg.sip.message import Request
from twoleg.sip.peers import Peer
from twoleg.sip.values import Value

_KEPT = frozenset(
    {"Via", "Route", "From", "To", "Call-ID", "CSeq", "Session-ID", "Authorization", "Proxy-Authorization"}
)
"""What a CANCEL repeats of its INVITE (RFC 3261 9.1), what an ACK does (17.1.1.3, 22.1), and what finds the answer."""


class DialogRecord(Value, frozen=True, gc=False, array_like=True):
    """What the 2xx added (12.1.2)."""

    tag: str
    """Theirs, "" when there is none."""
    remote: str
    """The To header of our requests, with that tag."""
    target: str
    """The remote target: a URI."""
    routes: tuple[str, ...]
    """The route set, next hop first."""
    session: tuple[str, str] | None
    """The Session-ID header of what we say in it."""


class LegRecord(Value, frozen=True, gc=False, array_like=True):
    """Enough for a CANCEL of an INVITE that was not answered, or for ACK and BYE of one that was."""

    peer: Peer
    """Where the INVITE went."""
    uri: str
    """Its Request-URI."""
    fields: tuple[tuple[str, str], ...]
    """Those of its headers that others repeat."""
    dialog: DialogRecord | None = None
    """Once it was answered."""


def record_of(request: Request, peer: Peer, dialog: Dialog | None = None) -> LegRecord:
    """Of our INVITE, and of the dialog that its 2xx made."""
    fields = tuple(item for item in request.headers if item[0] in _KEPT)
    return LegRecord(peer, request.uri, fields, None if dialog is None else _dialog_record(dialog))


def _dialog_record(dialog: Dialog) -> DialogRecord:
    return DialogRecord(dialog.key[2], dialog.remote, dialog.target, tuple(dialog.routes), dialog.session)
