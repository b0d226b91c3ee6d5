"""A caller's user agent and the exchange on one wire in memory, on a clock that the test turns: no loop, no socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from twoleg.sandbox.exchange import Exchange
from twoleg.sip.credentials import Credentials
from twoleg.sip.events import Event, LegId
from twoleg.sip.headers import NameAddr
from twoleg.sip.message import Request, Response
from twoleg.sip.parser import parse_datagram
from twoleg.sip.peers import Peer
from twoleg.sip.user_agent import UserAgent

CALLER = Peer("udp", "127.0.0.1", 5060)
SANDBOX = Peer("udp", "127.0.0.1", 5070)
START = 1000.0

E = TypeVar("E")


def description(direction: str = "sendrecv", *, port: int = 4000, version: int = 1) -> bytes:
    """What a caller offers."""
    return (
        f"v=0\r\no=- 7 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8 0\r\na={direction}\r\n"
    ).encode()


@dataclass(frozen=True, slots=True)
class Heard:
    """One message on the wire, `at` seconds after the start."""

    at: float
    message: Request | Response
    from_sandbox: bool

    @property
    def name(self) -> str:
        """The method, or status and method of what it answers."""
        message = self.message
        return message.method if isinstance(message, Request) else f"{message.status} {message.cseq.method}"


@dataclass(slots=True)
class Line:
    """Delivers at once, as the loopback does."""

    now: float = START
    caller: UserAgent = field(default_factory=lambda: UserAgent(local=CALLER, random=Random(1)))
    exchange: Exchange = field(default_factory=lambda: Exchange(local=SANDBOX, random=Random(2)))
    wire: list[Heard] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)
    faults: list[Event] = field(default_factory=list)

    def call(self, number: str, *, body: bytes | None = description(), credentials: Credentials | None = None) -> LegId:
        leg = self.caller.invite(
            target=f"sip:{number}@127.0.0.1:5070",
            peer=SANDBOX,
            from_=NameAddr("", "sip:640003@127.0.0.1"),
            to=NameAddr("", f"sip:{number}@127.0.0.1"),
            body=body,
            credentials=credentials,
            now=self.now,
        )
        self.settle()
        return leg

    def release(self, leg: LegId) -> None:
        self.caller.release(leg, now=self.now)
        self.settle()

    def reinvite(self, leg: LegId, body: bytes | None) -> None:
        self.caller.reinvite(leg, body=body, now=self.now)
        self.settle()

    def send(self, data: bytes) -> None:
        """Any bytes to the sandbox, from the caller's address."""
        self.exchange.receive(data, CALLER, self.now)
        self.settle()

    def run(self, seconds: float) -> None:
        """Let that much time go by, timer by timer."""
        end = self.now + seconds
        while (due := self._next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.caller.fire_timers(self.now)
            self.exchange.fire_timers(self.now)
            self.settle()
        self.now = end

    def _next_deadline(self) -> float | None:
        deadlines = [self.caller.next_deadline(), self.exchange.next_deadline()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def settle(self) -> None:
        """Carry messages until nobody has anything to say."""
        busy = True
        while busy:
            self.events += [(self.now - START, event) for event in self.caller.take_events()]
            self.faults += [event for event in self.exchange.take_events() if type(event).__name__ == "Fault"]
            ours, theirs = self.caller.take_output(), self.exchange.take_output()
            for each in ours:
                self._note(each.data, from_sandbox=False)
                self.exchange.receive(each.data, CALLER, self.now)
            for each in theirs:
                self._note(each.data, from_sandbox=True)
                self.caller.receive(each.data, SANDBOX, self.now)
            busy = bool(ours or theirs)

    def _note(self, data: bytes, *, from_sandbox: bool) -> None:
        self.wire.append(Heard(self.now - START, parse_datagram(data), from_sandbox))

    def said(self) -> list[tuple[float, str]]:
        """What the sandbox sent: (seconds after the start, name)."""
        return [(each.at, each.name) for each in self.wire if each.from_sandbox]

    def names(self) -> list[str]:
        """Everything on the wire, in order; what the sandbox sent stands after an arrow."""
        return [f"<- {each.name}" if each.from_sandbox else each.name for each in self.wire]

    def last(self, name: str) -> Request | Response:
        """The last message of that name."""
        return next(each.message for each in reversed(self.wire) if each.name == name)

    def told(self, kind: type[E]) -> list[E]:
        """The caller's events of that class."""
        return [event for _, event in self.events if isinstance(event, kind)]
