"""The building and sending of responses (RFC 3261 8.2.6)."""

from __future__ import annotations

from collections.abc import Sequence

from twoleg.sip.core import Core
from twoleg.sip.incoming import Incoming
from twoleg.sip.message import response_to
from twoleg.sip.outgoing import ACCEPT, ALLOW, SUPPORTED
from twoleg.sip.routing import is_secure

OPTIONS_FIELDS = (("Allow", ALLOW), ("Accept", ACCEPT), SUPPORTED)
"""What 11.2 wants in the answer to OPTIONS."""


def answer(
    core: Core,
    incoming: Incoming,
    status: int,
    *,
    now: float,
    extra: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
) -> bytes:
    """Answer, with `extra` header fields in canonical spelling.  Gives the bytes sent."""
    request = incoming.request
    if incoming.tag is None and request.to.tag is None:
        incoming.tag = core.identity.tag()
    response = response_to(request, status, to_tag=incoming.tag)
    for name, value in extra:
        response.headers.add(name, value)
    leg = core.legs.get(incoming.transaction.leg)
    if leg is not None and leg.dialog is not None and leg.dialog.session is not None:
        response.headers.add(*leg.dialog.session)
    if body:
        response.headers.add("Content-Type", ACCEPT)
        response.body = body
    return incoming.transaction.respond(response, now)


def invite_fields(core: Core, incoming: Incoming, status: int) -> tuple[tuple[str, str], ...]:
    """What a response to INVITE needs besides: Contact where it makes a dialog (12.1.1), Allow in a 2xx (13.3.1.4)."""
    if status >= 300:
        return ()
    contact = core.identity.contact(incoming.source, is_secure=is_secure(incoming.request.uri))
    return (("Contact", contact),) if status < 200 else (("Contact", contact), ("Allow", ALLOW), SUPPORTED)


def retry_after(seconds: int) -> tuple[tuple[str, str], ...]:
    """A Retry-After header (20.33)."""
    return (("Retry-After", str(seconds)),)
