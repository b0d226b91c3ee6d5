"""A phone of the tests' own, for what no real one can be told: early media, another codec or another port in mid-call.

with TonePhone.on_loopback("88889060", hz=1000) as customer:
    customer.wait_for("INVITE")
    customer.send_early()      # 183 with a description, and the tone at once
    customer.answer()
    customer.hears(440)
    customer.reoffer(["PCMU"], moves=True)

It shares no code with the service, says everything over UDP on loopback, and repeats nothing but what is asked twice.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

from interop.plain_sip import EVENTS, PAYLOAD_TYPES, Message, Place, description
from interop.plain_sip import message as sip_message
from interop.rtp_voice import LOOPBACK, TICK, RtpVoice, frequency
from patience import eventually, now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interop.rtp_voice import HeardPacket

_NAMES = {number: name for name, number in PAYLOAD_TYPES.items()}
_ENOUGH = 25
"""Packets of which the tone is told: half a second."""
_PATIENCE = 8.0


class Sound(NamedTuple):
    """What a phone hears: the frequency in Hz, the codec, and at which of its ports, -1: several.

    Ports are counted in the order of their use.
    """

    hz: float
    codec: str
    place: int = 0


@dataclass(slots=True)
class TonePhone:
    """One call at a time; the next INVITE is another call. Use it in a `with`."""

    user: str
    voice: RtpVoice
    codecs: list[str]
    """What it takes, the best first."""
    answers: bool = True
    """By itself, at once."""
    messages: list[Message] = field(default_factory=list)
    _sip: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _said: dict[str, str] = field(default_factory=dict)
    """By the branch of the request: our last response."""
    _invite: Message | None = None
    _sequence: int = 0
    _requests: int = 0
    """Of all calls: no branch is used twice."""
    _version: int = 0
    _first: int = 0
    """The place among the messages at which the call of the moment begins."""
    _ports: list[int] = field(default_factory=list)
    _clock: int = 0
    """Of the digits that were agreed on, in Hz; 0: none."""
    _sounds: list[Sound] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @classmethod
    def on_loopback(
        cls, user: str, *, hz: float, codecs: Sequence[str] = ("PCMA", "PCMU"), answers: bool = True
    ) -> Self:
        """Start it; it rings at `port`."""
        phone = cls(user, RtpVoice(hz), list(codecs), answers)
        phone._sip.bind((LOOPBACK, 0))
        phone._sip.setblocking(False)  # noqa: FBT003 - the library's own way
        phone._thread = threading.Thread(target=phone._live, name=f"phone {user}", daemon=True)
        phone._thread.start()
        return phone

    @property
    def port(self) -> int:
        """Of its SIP, over UDP."""
        port: int = self._sip.getsockname()[1]
        return port

    def is_set(self, *codecs: str, answers: bool = True, hz: float | None = None) -> None:
        """How it takes its next call."""
        with self._lock:
            self._first, self._invite, self._ports, self._sounds = len(self.messages), None, [], []
            self.codecs, self.answers = list(codecs), answers
            self.voice.close()
            self.voice = RtpVoice(hz or self.voice.hz)

    # ------------------------------------------------------------------ what a test tells it

    def send_early(self) -> None:
        """183 with a description; the tone begins."""
        with self._lock:
            self._respond("183 Session Progress", body=self._answered(self._called.body))

    def answer(self) -> None:
        """Pick up."""
        with self._lock:
            self._respond("200 OK", body=self._answered(self._called.body))

    def reoffer(
        self,
        codecs: Sequence[str],
        *,
        moves: bool = False,
        method: str = "INVITE",
        events: Sequence[int] = (8000,),
    ) -> str:
        """Ask for these codecs, and digits by these clocks, at another port if it moves.

        Answers the first line of the final response.
        """
        with self._lock:
            if moves:
                self.voice.move()
            self.codecs = list(codecs)
            self._request(method, body=self._described(self.codecs, {clock: EVENTS[clock] for clock in events}))
        self.wait_for(f"2.. {method}|[3-6].. {method}", cseq=self._sequence)
        return self.last(method).text.partition("\r\n")[0]

    def hang_up(self) -> None:
        """BYE."""
        with self._lock:
            self.voice.target = None
            self._request("BYE")

    def press(self, digit: str) -> None:
        """RFC 4733, by the clock that was agreed on."""
        assert self._clock, f"{self.user} agreed on no digits: {self.story()}"
        with self._lock:
            self.voice.press(digit, clock=self._clock)

    # ------------------------------------------------------------------ what it lived through

    def wait_for(self, pattern: str, *, cseq: int | None = None, seconds: float = _PATIENCE) -> None:
        """Until a message of this call whose `Message.first` is like that came."""

        def is_there() -> bool:
            return any(
                re.fullmatch(pattern, each.first) and cseq in (None, int(each.header("CSeq").split()[0]))
                for each in self.messages[self._first :]
            )

        assert eventually(is_there, seconds=seconds), f"{self.user} waits for {pattern}: {self.story()}"

    def last(self, method: str) -> Message:
        """The last response to a request of ours."""
        return next(each for each in reversed(self.messages) if each.first.endswith(f" {method}"))

    def packets(self, since: int = 0) -> list[HeardPacket]:
        """Of voice."""
        with self._lock:
            return [each for each in self.voice.heard[since:] if each.payload_type != self.voice.event_type]

    def hears(self, hz: float, codec: str = "PCMA", *, place: int = 0) -> None:
        """Wait until all that comes for half a second is that tone, in that codec, at that of its ports."""
        found: list[Sound] = []
        until = now() + _PATIENCE
        while found[-1:] != [Sound(hz, codec, place)] and now() < until:
            found.append(self._listen())
        assert found[-1] == Sound(hz, codec, place), f"{self.user} hears {found}: {self.story()}"
        self._sounds.append(found[-1])

    def _listen(self) -> Sound:
        """The next half second; to 10 Hz."""
        since = len(self.voice.heard)
        came = eventually(lambda: len(self.packets(since)) >= _ENOUGH, seconds=_PATIENCE)
        assert came, f"{self.user} heard {len(self.packets(since))} packets: {self.story()}"
        heard = self.packets(since)[:_ENOUGH]
        codecs = {_NAMES.get(each.payload_type, "?") for each in heard}
        places = {self._ports.index(each.port) for each in heard}
        return Sound(frequency(heard), "+".join(sorted(codecs)), max(places) if len(places) == 1 else -1)

    def story(self) -> str:
        """Every message of this call that came, and the tones that it waited for and heard."""
        heard = [f"{each.hz:.0f} Hz {each.codec}" for each in dict.fromkeys(self._sounds)]
        came = ", ".join(each.first for each in self.messages[self._first :])
        return f"{came}; heard {', '.join(heard)}" if heard else came

    # ------------------------------------------------------------------ its life

    def _live(self) -> None:
        due = now()
        while not self._is_over.wait(max(0.0, min(TICK / 4, due - now()))):
            with self._lock:
                with suppress(BlockingIOError):
                    while True:
                        octets, source = self._sip.recvfrom(65_536)
                        self._take(Message(octets.decode(), source))
                self.voice.listen()
                if now() >= due:
                    due += TICK
                    self.voice.say()

    def _take(self, message: Message) -> None:
        branch = message.header("Via")
        if not message.text.startswith("SIP/2.0"):
            if message.first != "ACK" and branch in self._said:
                self._send(self._said[branch], message.source)
                return
            self.messages.append(message)
            self._asked(message)
        else:
            self.messages.append(message)
            self._told(message)

    def _asked(self, message: Message) -> None:
        match message.first:
            case "INVITE" if ";tag=" not in message.header("To"):
                self._begin(message)
            case "INVITE" | "UPDATE":
                self._aim(message.body)
                self._reply(message, "200 OK", body=self._answered(message.body))
            case "CANCEL":
                self._reply(message, "200 OK")
                self._respond("487 Request Terminated")
            case "ACK":
                pass
            case "BYE":
                self.voice.target = None
                self._reply(message, "200 OK")
            case _:
                self._reply(message, "200 OK")

    def _begin(self, invite: Message) -> None:
        self._invite, self._first = invite, len(self.messages) - 1
        self._sequence = 0
        self._aim(invite.body)
        if self.answers:
            self._respond("200 OK", body=self._answered(self._called.body))
        else:
            self._respond("180 Ringing")
        if not self.answers:
            self.voice.is_silent = True

    def _told(self, message: Message) -> None:
        status, method = message.first.split()
        if method == "INVITE" and int(status) >= 200:
            self._request("ACK", to=message)
        if status.startswith("2") and method in ("INVITE", "UPDATE"):
            self._aim(message.body)

    def _aim(self, body: str) -> None:
        """Send from now on to where that says, in the first codec of it that we take."""
        there = Place.of(body)
        if there is not None:
            kind = next((each for each in there.payload_types if each in map(PAYLOAD_TYPES.get, self.codecs)), None)
            self.voice.payload_type = self.voice.payload_type if kind is None else kind
            self.voice.target = there.address if there.is_listening else None
            agreed = there.events_beside(next((name for name in self.codecs if PAYLOAD_TYPES[name] == kind), ""))
            self._clock, self.voice.event_type = next(iter(agreed.items()), (0, -1))

    def _answered(self, offer: str) -> str:
        """Our description: of what that offers, the first codec that we take, and digits beside it."""
        there = Place.of(offer)
        offered = [] if there is None else there.payload_types
        taken = [name for name in self.codecs if PAYLOAD_TYPES[name] in offered][:1] or self.codecs[:1]
        return self._described(taken, {} if there is None else there.events_beside(taken[0]))

    def _described(self, codecs: list[str], events: Mapping[int, int]) -> str:
        if self.voice.port not in self._ports:
            self._ports.append(self.voice.port)
        self.voice.is_silent = False
        self._version += 1
        return description(self.voice.port, codecs, version=self._version, events=events)

    @property
    def _called(self) -> Message:
        assert self._invite is not None, f"nobody called {self.user}"
        return self._invite

    def _respond(self, status: str, *, body: str = "") -> None:
        self._reply(self._called, status, body=body)

    def _reply(self, request: Message, status: str, *, body: str = "") -> None:
        self._said[request.header("Via")] = response = request.answer(status, port=self.port, body=body)
        self._send(response, request.source)

    def _request(self, method: str, *, to: Message | None = None, body: str = "") -> None:
        """In the dialog of the INVITE. `to`: the response that an ACK is for; of a refusal's own transaction."""
        self._requests += 1
        branch = f"Via: SIP/2.0/UDP {LOOPBACK}:{self.port};branch=z9hG4bK{self.user}-{self._requests}"
        if to is None:
            self._sequence += 1
        elif not to.first.startswith("2"):
            branch = f"Via: {to.header('Via')}"
        invite = self._called
        target = re.search(r"<([^>]+)>", invite.header("Contact"))
        request = sip_message(
            f"{method} {target[1] if target else ''} SIP/2.0",
            branch,
            "Max-Forwards: 70",
            f"From: {invite.header('To')};tag=tone",
            f"To: {invite.header('From')}",
            f"Call-ID: {invite.header('Call-ID')}",
            f"CSeq: {to.header('CSeq').split()[0] if to else self._sequence} {method}",
            contact=self.port,
            body=body,
        )
        self._send(request, invite.source)

    def _send(self, message: str, target: tuple[str, int]) -> None:
        self._sip.sendto(message.encode(), target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join(10)
        self._sip.close()
        self.voice.close()
