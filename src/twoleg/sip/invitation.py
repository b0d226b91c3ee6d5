"""What the owner of a leg wants its INVITE to say.  Values only; `invite_client` sends it."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.core import Core
from twoleg.sip.early_dialogs import RELIABLE
from twoleg.sip.expiry import TIMER
from twoleg.sip.headers import NameAddr
from twoleg.sip.outgoing import ALLOW, MAX_FORWARDS, SUPPORTED, Fields, canonical_fields, session_id_field
from twoleg.sip.peers import Peer
from twoleg.sip.values import Value


class Invitation(Value, frozen=True, gc=False):
    """What the owner of a leg wants to be sent, and by way of whom."""

    target: str
    peer: Peer
    from_: NameAddr
    to: NameAddr
    body: bytes
    content_type: str
    extra_headers: Sequence[tuple[str, str]]
    session_id: str = ""
    """RFC 7989: 32 hexadecimal digits, "" for none."""
    is_held: bool = False
    """Whether INVITE and ACK wait for the owner's word."""


def lasting_fields(core: Core, invitation: Invitation) -> Fields:
    """The header fields that stay the same when the INVITE is sent again (8.1.3.4, 8.1.3.5)."""
    identity = core.identity
    fields = [
        MAX_FORWARDS,
        ("From", str(invitation.from_.with_tag(identity.tag()))),
        ("To", str(invitation.to)),
        ("Call-ID", identity.call_id()),
        ("Allow", ALLOW),
        # Without an offer of ours a reliable provisional would bring one, and its answer would be due in the PRACK.
        ("Supported", f"{RELIABLE}, {TIMER}") if invitation.body else SUPPORTED,
        ("User-Agent", identity.product),
        *canonical_fields(invitation.extra_headers),
    ]
    if invitation.session_id:
        fields.append(session_id_field(invitation.session_id, ""))
    if invitation.body:
        fields.append(("Content-Type", invitation.content_type))
    return fields
