"""A small ladder to draw: a call that the customer's carrier refuses, and what each part of it is made of."""

from __future__ import annotations

from twoleg.application.ladder.merging import entries_of
from twoleg.application.ladder.noted import without_secrets
from twoleg.application.ladder.values import Delivery, Fate, Ladder, WireMessage
from twoleg.domain.call import Call, Leg, Phase, Role
from twoleg.domain.events import Event, EventType
from twoleg.domain.reasons import Reason
from twoleg.sip.peers import Peer

SERIAL = 645735364434067472
BEGAN = 1_621_823_865_000
"""ms since the epoch."""
LOCAL = Peer("udp", "192.0.2.10", 5060)
AGENT = Peer("udp", "192.0.2.21", 5060)
CUSTOMER = Peer("tcp", "2001:db8::7", 5070)
LOCAL_SIX = Peer("tcp", "2001:db8::1", 5060)

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def ended_call(reason: Reason = Reason.CUSTOMER_FAILED, *, serial: int = SERIAL, talked: bool = False) -> Call:
    """A call that is over."""
    return Call(
        serial=serial,
        tenant_id="t1",
        agent=Leg(Role.AGENT, "88889050", clip="640003", dialled_at=BEGAN + 10, answered_at=BEGAN + 1020),
        customer=Leg(Role.CUSTOMER, "88889060", clip="640003", dialled_at=BEGAN + 1021),
        created_at=BEGAN,
        phase=Phase.ENDED,
        talking_at=BEGAN + 1500 if talked else None,
        ended_at=BEGAN + 2000,
        reason=reason,
        cause=17,
    )


def request(
    method: str, *fields: str, call_id: str = "a1", uri: str = "sip:88889050@192.0.2.21", body: bytes = b""
) -> bytes:
    """As we would send it."""
    lines = [f"{method} {uri} SIP/2.0", f"Call-ID: {call_id}", f"CSeq: 1 {method}", *fields]
    lines += ["Content-Type: application/sdp"] * bool(body) + [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def response(status: str, *fields: str, call_id: str = "a1", method: str = "INVITE", body: bytes = b"") -> bytes:
    """As a phone would send it."""
    lines = [f"SIP/2.0 {status}", f"Call-ID: {call_id}", f"CSeq: 1 {method}", *fields]
    lines += ["Content-Type: application/sdp"] * bool(body) + [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def local_for(peer: Peer) -> Peer:
    """Our address for that peer."""
    return LOCAL_SIX if ":" in peer.host else LOCAL


def seen(milliseconds: float, role: Role, data: bytes, *, out: bool) -> WireMessage:
    """A message, so long after the beginning."""
    peer = AGENT if role is Role.AGENT else CUSTOMER
    return without_secrets((round((BEGAN + milliseconds) * 1000), role, out, peer, data), local_for)


def step(seq: int, milliseconds: int, kind: EventType, leg: Role | None = None, **facts: object) -> Event:
    """An event of the machine."""
    return Event(SERIAL, seq, BEGAN + milliseconds, kind, leg, **facts)  # type: ignore[arg-type]  # facts by name


def messages() -> tuple[WireMessage, ...]:
    """What went over the wire."""
    invite = request("INVITE", body=SDP)
    proof = 'Authorization: Digest username="u", realm="r", nonce="n", uri="sip:x", response="hunter2"'
    return (
        seen(11.2, Role.AGENT, invite, out=True),
        seen(511.3, Role.AGENT, invite, out=True),
        seen(512.5, Role.AGENT, response("180 Ringing"), out=False),
        seen(1020.1, Role.AGENT, response("200 OK", body=SDP), out=False),
        seen(1020.9, Role.AGENT, request("ACK"), out=True),
        seen(1021.4, Role.CUSTOMER, request("INVITE", proof, call_id="b1", uri="sip:88889060@[2001:db8::7]"), out=True),
        seen(2000.1, Role.CUSTOMER, response("486 Busy <Here>", "Reason: Q.850;cause=17", call_id="b1"), out=False),
        seen(2000.6, Role.AGENT, request("BYE", 'Reason: Q.850;cause=17;text="User busy"'), out=True),
        seen(2003.0, Role.AGENT, response("200 OK", method="BYE"), out=False),
    )


def steps() -> tuple[Event, ...]:
    """What the machine made of it."""
    return (
        step(1, 0, EventType.CALL_QUEUED),
        step(2, 10, EventType.AGENT_DIALLED, Role.AGENT),
        step(3, 512, EventType.AGENT_RINGING, Role.AGENT),
        step(4, 1020, EventType.AGENT_ANSWERED, Role.AGENT),
        step(5, 1020, EventType.CUSTOMER_DIALLED, Role.CUSTOMER),
        step(6, 2000, EventType.CALL_ENDED, Role.CUSTOMER, reason=3, sip_status=486, cause=17),
    )


def deliveries() -> tuple[Delivery, ...]:
    """Who was told of it."""
    return (Delivery(at=BEGAN + 2001, receiver="hooks.example.org", event="call.ended", outcome="HTTP 204"),)


def drawn_ladder(fate: Fate = Fate.KEPT, says: str = "All SIP messages are here.") -> Ladder:
    """All of it."""
    call = ended_call()
    entries = entries_of(call, steps=steps(), messages=messages(), deliveries=deliveries())
    return Ladder(call=call, entries=entries, fate=fate, says=says)
