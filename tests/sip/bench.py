"""One user agent on a driven clock against hand-written peers: text in, parsed messages and events out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Event, IncomingInvite, LegId
from twoleg.sip.headers import NameAddr
from twoleg.sip.message import Request, Response
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer
from twoleg.sip.policy import InboundPolicy
from twoleg.sip.timers import Timers
from twoleg.sip.user_agent import UserAgent

US = Peer("udp", "192.0.2.10", 5060)
PEER = Peer("udp", "192.0.2.20", 5060)
OFFER = "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = OFFER.replace("4000", "5000")
CALLER = NameAddr("", "sip:640003@twoleg.example")
CALLED = NameAddr("", "sip:88889060@carrier.example")
CONTACT = "Contact: <sip:peer@192.0.2.20:5060>"

E = TypeVar("E")


def wire(*lines: str, body: str = "") -> bytes:
    """A message from its lines: line breaks and Content-Length are seen to."""
    typed = ["Content-Type: application/sdp"] if body and not any(x.startswith("Content-Type") for x in lines) else []
    head = [*lines, *typed, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body.encode()


def reply(request: Request, status: str, *lines: str, to_tag: str | None = "peer", body: str = "") -> bytes:
    """What a peer answers: `status` is code and phrase; a 100 has no tag."""
    to = request.headers.get("To") or ""
    tag = "" if to_tag is None or ";tag=" in to or status.startswith("100") else f";tag={to_tag}"
    copied = [f"{name}: {request.headers.get(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
    return wire(f"SIP/2.0 {status}", *copied, f"To: {to}{tag}", *lines, body=body)


def call_in(  # one line per part of a request that some test changes
    method: str = "INVITE",
    *lines: str,
    uri: str = "sip:88889050@192.0.2.10",
    branch: str = "z9hG4bKin1",
    cseq: int = 1,
    to_tag: str | None = None,
    from_tag: str = "peer",
    call_id: str = "in1@192.0.2.20",
    body: str = "",
) -> bytes:
    """What a peer asks, by default the INVITE of a call to us."""
    contact = [CONTACT] if method == "INVITE" and not any(x.startswith("Contact") for x in lines) else []
    has_via = any(x.startswith("Via") for x in lines)
    return wire(
        f"{method} {uri} SIP/2.0",
        *([] if has_via else [f"Via: SIP/2.0/UDP 192.0.2.20:5060;branch={branch};rport"]),
        *([] if any(x.startswith("Max-Forwards") for x in lines) else ["Max-Forwards: 70"]),
        f"From: <sip:peer@192.0.2.20>;tag={from_tag}",
        f"To: <sip:88889050@192.0.2.10>{f';tag={to_tag}' if to_tag else ''}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        *contact,
        *lines,
        body=body,
    )


class Bench:
    """Drives one user agent."""

    def __init__(
        self,
        *,
        timers: Timers | None = None,
        policy: InboundPolicy | None = None,
        seed: int = 1,
        us: Peer | Sequence[Peer] = US,
    ) -> None:
        self.now = 128.0
        self.ua = UserAgent(local=us, random=random.Random(seed), timers=timers, policy=policy)

    def hear(self, data: bytes, source: Peer = PEER) -> None:
        """A datagram comes."""
        self.ua.receive(data, source, self.now)

    def run(self, seconds: float) -> None:
        """Time passes; deadlines fire on the dot."""
        end = self.now + seconds
        while (due := self.ua.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.ua.fire_timers(self.now)
        self.now = end

    def sending_times(self, seconds: float) -> list[float]:
        """Let time pass; when something went out, in seconds from the start."""
        start, times = self.now, list[float]()
        while (due := self.ua.next_deadline()) is not None and due <= start + seconds:
            self.run(due - self.now)
            times += [self.now - start] * len(self.sent())
        self.run(start + seconds - self.now)
        return times

    def sent(self) -> list[Request | Response]:
        """What went out since the last look."""
        return [parse_datagram(transmit.data) for transmit in self.ua.take_output()]

    def requests(self) -> list[Request]:
        """The same, when only requests are expected."""
        messages = self.sent()
        requests = [message for message in messages if isinstance(message, Request)]
        assert len(requests) == len(messages), messages
        return requests

    def request(self) -> Request:
        """The same, when one request is expected."""
        (request,) = self.requests()
        return request

    def response(self) -> Response:
        """The same, when one response is expected."""
        (response,) = self.sent()
        assert isinstance(response, Response)
        return response

    def lines(self) -> list[str]:
        """The same in short: methods and status codes."""
        return [m.method if isinstance(m, Request) else str(m.status) for m in self.sent()]

    def events(self) -> list[Event]:
        """What was told since the last look."""
        return self.ua.take_events()

    def told(self) -> list[str]:
        """The same in short: names of events."""
        return [type(event).__name__ for event in self.events()]

    def event(self, kind: type[E]) -> E:
        """The only event since the last look."""
        (event,) = self.events()
        assert isinstance(event, kind), event
        return event

    def dial(
        self,
        *,
        body: str | None = OFFER,
        credentials: Credentials | None = None,
        extra: tuple[tuple[str, str], ...] = (),
        peer: Peer = PEER,
    ) -> LegId:
        """We call the peer."""
        return self.ua.invite(
            target="sip:88889060@carrier.example",
            peer=peer,
            from_=CALLER,
            to=CALLED,
            body=None if body is None else body.encode(),
            extra_headers=extra,
            credentials=credentials,
            now=self.now,
        )

    def talk_out(self, *, credentials: Credentials | None = None) -> tuple[LegId, Request]:
        """A call of ours up to Answered, with its INVITE; nothing is left to look at."""
        leg = self.dial(credentials=credentials)
        invite = self.request()
        self.hear(reply(invite, "200 OK", CONTACT, body=ANSWER))
        self.sent(), self.events()
        return leg, invite

    def talk_in(self) -> tuple[LegId, str]:
        """A call to us up to Acknowledged, with our tag; nothing is left to look at."""
        leg = self.ring_in()
        self.ua.accept(leg, body=ANSWER.encode(), now=self.now)
        tag = self.response().to.tag or ""
        self.hear(call_in("ACK", branch="z9hG4bKack1", to_tag=tag))
        self.sent(), self.events()
        return leg, tag

    def ring_in(self, *lines: str, body: str = OFFER) -> LegId:
        """A call to us that waits for an answer."""
        self.hear(call_in("INVITE", *lines, body=body))
        return self.event(IncomingInvite).leg
