"""Messages from the wire: to the transaction or leg they belong to, or answered here (RFC 3261 8.2, 9.2, 12.2.2)."""

from __future__ import annotations

from typing import Final

from twoleg.sip.ack_wait import ack_received
from twoleg.sip.answering import OPTIONS_FIELDS, answer, retry_after
from twoleg.sip.closing import bye_received
from twoleg.sip.core import Core
from twoleg.sip.dialog import Dialog, dialog_key
from twoleg.sip.errors import SipParseError
from twoleg.sip.events import IncomingInvite, InfoReceived, Malformed, Stray
from twoleg.sip.expiry import TIMER, is_too_short
from twoleg.sip.headers import Via
from twoleg.sip.incoming import Incoming
from twoleg.sip.invite_server import InviteServer
from twoleg.sip.leg import Leg
from twoleg.sip.leg_words import LegAction, LegInput
from twoleg.sip.message import Request, Response, response_to_malformed
from twoleg.sip.outgoing import ACCEPT, ALLOW
from twoleg.sip.peers import Peer
from twoleg.sip.routing import note_source, way_back
from twoleg.sip.syntax import split_list
from twoleg.sip.their_offer import reinvite_received, update_received
from twoleg.sip.transaction_server import ServerTransaction
from twoleg.sip.transactions import server_key

_NOT_SERVED: Final = {
    "BYE": 481,
    "INFO": 481,
    "MESSAGE": 405,
    "NOTIFY": 481,  # RFC 6665 4.1.3: we have no subscription
    "PRACK": 481,  # RFC 3262 3: we send no reliable provisional
    "PUBLISH": 405,
    "REFER": 603,  # RFC 3515 2.4.2: understood and declined; the call goes on
    "REGISTER": 405,
    "SUBSCRIBE": 405,
    "UPDATE": 481,
}
"""The answer to methods that we know and do not serve (some: outside a dialog); any other is 501 (21.5.2)."""

_SCHEMES: Final = ("sip", "sips", "tel")


def request_received(core: Core, request: Request, source: Peer, now: float) -> None:
    """Any well-formed request."""
    via, method = request.via, request.method
    key = server_key(request, via, "INVITE" if method == "ACK" else method)
    known = core.transactions.server(key)
    if known is not None:
        known.receive(request, now)
        return
    if method == "ACK":
        _ack(core, request, source, now)
        return
    note_source(request, source)
    transaction = core.transactions.open(request, key=key, peer=way_back(via, source), now=now)
    incoming = Incoming(request, transaction, source)
    try:
        if method == "CANCEL":
            _cancel(core, core.transactions.server((*key[:-1], "INVITE")), incoming, now)
        elif request.to.tag is not None:
            _in_dialog(core, incoming, now)
        else:
            _outside_dialog(core, incoming, now)
    except Exception:
        _apologize(core, incoming, now)
        raise


def response_received(core: Core, response: Response, source: Peer, now: float) -> None:
    """Any well-formed response; two Via values mean that it is not for us (8.1.3.3)."""
    transaction = core.transactions.client(response)
    if transaction is None or len(response.vias) != 1:
        core.tell(Stray(source, f"{response.status} to no {response.cseq.method}"))
        return
    transaction.receive(response, now)


def malformed_received(core: Core, error: SipParseError, source: Peer) -> None:
    """Bytes that the parser refused: told to the owner, and answered without a transaction where that is possible."""
    core.tell(Malformed(source, error.why))
    response = response_to_malformed(error, to_tag=core.identity.tag())
    if response is not None:
        core.wire.send(response.encode(), _way_back_of_malformed(response, source))


def _way_back_of_malformed(response: Response, source: Peer) -> Peer:
    """By the topmost Via; when that is what was malformed (RFC 4475 3.1.2.1, 3.1.2.16), to where it came from."""
    try:
        return way_back(Via.parse(split_list(response.headers.get("Via") or "")[0]), source)
    except SipParseError:
        return source


def _apologize(core: Core, incoming: Incoming, now: float) -> None:
    """A fault of ours must leave no request without an answer (21.5.1)."""
    in_hand = core.wire.in_hand
    if incoming.transaction.awaits_final:
        answer(core, incoming, 500, now=now)
    core.wire.in_hand = in_hand


def _ack(core: Core, ack: Request, source: Peer, now: float) -> None:
    leg = core.dialogs.get(dialog_key(ack))
    if leg is None:
        core.tell(Stray(source, "ACK for no dialog"))
        return
    core.wire.in_hand = leg.id
    ack_received(core, leg, ack, now)


def _cancel(core: Core, taken_back: ServerTransaction | None, incoming: Incoming, now: float) -> None:
    """9.2: 200 for the CANCEL whatever becomes of the INVITE, with the To-tag that the INVITE's answers bear."""
    if taken_back is None:
        answer(core, incoming, 481, now=now)
        return
    leg = core.legs.get(taken_back.leg)
    if leg is not None and leg.dialog is not None:
        incoming.tag = leg.dialog.key[1]
    answer(core, incoming, 200, now=now)
    if taken_back.user is not None:
        core.wire.in_hand = taken_back.leg
        taken_back.user.cancel_received(incoming.request, now)


def _in_dialog(core: Core, incoming: Incoming, now: float) -> None:
    leg = core.dialogs.get(dialog_key(incoming.request))
    if leg is None:
        answer(core, incoming, 481, now=now)
        return
    core.wire.in_hand = incoming.transaction.leg = leg.id
    if leg.dialog is None:
        _in_early_dialog(core, leg, incoming, now)
    elif not leg.dialog.takes(incoming.request.cseq.number):
        answer(core, incoming, 500, now=now, extra=retry_after(core.identity.pick(10)))
    elif not _refused(core, incoming, now):
        _to_leg(core, leg, incoming, now)


def _in_early_dialog(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    """The phone that we called asks for something before it answers."""
    early = None if leg.dialing is None else leg.dialing.early
    if early is None:
        answer(core, incoming, 481, now=now)
    elif not early.takes(incoming):
        answer(core, incoming, 500, now=now, extra=retry_after(core.identity.pick(10)))
    elif not _refused(core, incoming, now) and not early.request_received(incoming, now):
        _not_for_legs(core, incoming, now)


def _to_leg(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    match incoming.request.method:
        case "BYE":
            bye_received(core, leg, incoming, now)
        case "INVITE":
            reinvite_received(core, leg, incoming, now)
        case "UPDATE":
            update_received(core, leg, incoming, now)
        case "INFO":
            _info(core, leg, incoming, now)
        case _:
            _not_for_legs(core, incoming, now)


def _info(core: Core, leg: Leg, incoming: Incoming, now: float) -> None:
    """RFC 6086 4.2.2 in its older use (2.2): any content is taken and handed on."""
    is_taken = leg.advance(LegInput.INFO) is LegAction.TAKE
    answer(core, incoming, 200 if is_taken else 481, now=now)
    if is_taken:
        core.tell(InfoReceived(leg.id, incoming.request.content_type, incoming.request.body))


def _outside_dialog(core: Core, incoming: Incoming, now: float) -> None:
    request = incoming.request
    if request.uri.partition(":")[0].lower() not in _SCHEMES:
        answer(core, incoming, 416, now=now)
    elif request.method == "INVITE" and core.transactions.is_merged(request, incoming.transaction):
        # 8.2.2.2 means every method; but only a call does harm when it is served twice, while OPTIONS that never
        # change their Call-ID and CSeq are a common way to ask whether we live.
        answer(core, incoming, 482, now=now)
    elif not _refused(core, incoming, now):
        if request.method == "INVITE":
            _invite(core, incoming, now)
        else:
            _not_for_legs(core, incoming, now)


def _refused(core: Core, incoming: Incoming, now: float) -> bool:
    """Whether inspection in the order of 8.2.2 and 8.2.3 ended with a refusal."""
    request = incoming.request
    missing = [option for option in request.options("Require") if option != TIMER]
    if missing and request.method != "BYE":
        # 20.32; but no extension could keep a peer from hanging up.
        answer(core, incoming, 420, now=now, extra=[("Unsupported", ", ".join(missing))])
        return True
    if request.method not in ("INVITE", "UPDATE"):
        return False
    return _offer_refused(core, incoming, now)


def _offer_refused(core: Core, incoming: Incoming, now: float) -> bool:
    request, shortest = incoming.request, core.wire.timers.min_se
    if request.method == "INVITE" and request.headers.get("Max-Forwards") == "0":
        # As a back-to-back user agent we send it on, so 16.3 binds us.
        answer(core, incoming, 483, now=now)
        return True
    if request.to.tag is None and not _may_get_sdp(request):
        answer(core, incoming, 406, now=now, extra=[("Accept", ACCEPT)])  # 20.1, RFC 4475 3.3.15
        return True
    if request.body and request.content_type != ACCEPT:
        answer(core, incoming, 415, now=now, extra=[("Accept", ACCEPT)])
        return True
    if is_too_short(request, shortest):
        answer(core, incoming, 422, now=now, extra=[("Min-SE", str(shortest))])
        return True
    return False


def _may_get_sdp(request: Request) -> bool:
    """Whether the caller of a new call takes a session description for an answer; without Accept it does (20.1)."""
    accepted = request.options("Accept")
    ranges = {each.partition(";")[0].strip() for each in accepted}
    return "Accept" not in request.headers or bool(ranges & {ACCEPT, "application/*", "*/*"})


def _invite(core: Core, incoming: Incoming, now: float) -> None:
    policy = core.policy
    if policy.refuse_invites is not None:
        answer(core, incoming, policy.refuse_invites, now=now)
    elif len(core.legs) >= policy.max_legs:
        answer(core, incoming, 503, now=now, extra=retry_after(5 + core.identity.pick(10)))
    else:
        _new_leg(core, incoming, now)


def _new_leg(core: Core, incoming: Incoming, now: float) -> None:
    request, source = incoming.request, incoming.source
    incoming.tag = core.identity.tag()
    try:
        dialog = Dialog.as_callee(request, tag=incoming.tag, peer=source, identity=core.identity)
    except SipParseError:
        answer(core, incoming, 400, now=now)
        return
    leg = core.new_leg(we_called=False)
    core.bind(leg, dialog)
    leg.answering = InviteServer(core, leg, incoming, now=now)
    core.tell(IncomingInvite(leg.id, request, source))


def _not_for_legs(core: Core, incoming: Incoming, now: float) -> None:
    method = incoming.request.method
    if method == "OPTIONS":
        answer(core, incoming, 200, now=now, extra=OPTIONS_FIELDS)
        return
    status = _NOT_SERVED.get(method, 501)
    extra = [("Allow", ALLOW)] if status in (405, 501) else []
    answer(core, incoming, status, now=now, extra=extra)
