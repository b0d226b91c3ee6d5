"""Real phones for tests: baresip user agents on loopback, with a voice and an ear.

async with Phone.on_loopback("88889050", says=tone(...), hears=tmp_path / "heard.wav") as agent:
    await agent.wait_for("CALL_ESTABLISHED")
    await agent.hear_for(1.0)
assert dominant_frequency(tmp_path / "heard.wav") == pytest.approx(1000, abs=10)
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import witness
from interop.tones import dominant_frequency

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

LOOPBACK = "127.0.0.1"
_TESTS = Path(__file__).parent.parent


class PhoneFailedError(AssertionError):
    """The phone did not start, or what a test waited for did not come. Holds the phone's events."""


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """One thing that happened at the phone.

    `name` is the stack's own (CALL_INCOMING, CALL_RINGING, CALL_PROGRESS for early media, CALL_ESTABLISHED,
    CALL_REMOTE_SDP, CALL_HOLD, CALL_RTPESTAB, CALL_CLOSED ...) or READY, REGISTERED, HEARD (`seconds` of sound so far),
    DONE.
    """

    name: str
    text: str = ""
    peer: str = ""
    call_id: str = ""
    from_header: str = ""
    to_header: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    port: int = 0
    stream_port: int = 0


@dataclass(slots=True)
class Phone:
    """A running phone. It takes one call at a time. A verb returns once the stack took it (or raises PhoneFailedError);
    events say what came of it."""

    user: str
    port: int
    """For UDP."""
    _process: asyncio.subprocess.Process
    events: list[PhoneEvent] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _closed: bool = False
    _picked_up: int = 0
    _told: int = 0
    stream_port: int = 0
    """For TCP or TLS, whichever its transport is; 0 for neither."""

    @classmethod
    @asynccontextmanager
    async def on_loopback(
        cls,
        user: str,
        *,
        says: Path | None = None,
        hears: Path | None = None,
        answer_after: float | None = 0.0,
        password: str = "",
        expose: Sequence[str] = ("P-Asserted-Identity", "Reason"),
        transport: str = "udp",
        certificate: Path | None = None,
        ca: Path | None = None,
        registrar: str = "",
        trace: bool = False,
    ) -> AsyncIterator[Phone]:
        """A phone on a free UDP port of 127.0.0.1, gone when the block ends.

        Args:
            user: the number it answers to.
            says: a WAV (16 bit mono, 8,000 Hz) that it plays into its call, over and over.
            hears: where its recording goes; readable while the call is up.
            answer_after: seconds of ringing before it answers by itself; None: it rings until `answer()`.
            password: what it answers digest challenges with, as `user`.
            transport: "udp", "tcp" or "tls": what it is called and calls by.
            certificate: its own, with key, in PEM; needed for TLS.
            ca: whom it trusts.
            registrar: host:port to register at, by its transport; then comes REGISTERED or UNREGISTERED.
            expose: SIP headers whose values its events carry.
            trace: write every SIP message to stderr.

        Raises:
            PhoneFailedError: it did not start.
        """
        settings = {
            "user": user,
            "says": str(says) if says else None,
            "hears": str(hears) if hears else None,
            "answer_after": answer_after,
            "password": password,
            "expose": list(expose),
            "transport": transport,
            "certificate": str(certificate) if certificate else None,
            "ca": str(ca) if ca else None,
            "registrar": registrar,
            "trace": trace,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "interop.phone_process", json.dumps(settings)),
            cwd=_TESTS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        phone = cls(user, 0, process)
        witness.phone(hears.stem if hears else user, lambda: phone.story(hears))
        listening = asyncio.create_task(phone._listen())
        try:
            ready = await phone.wait_for("READY")
            phone.port, phone.stream_port = ready.port, ready.stream_port
            yield phone
        finally:
            await phone._stop()
            await listening

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return LOOPBACK, self.port

    @property
    def uri(self) -> str:
        """What to dial to reach it."""
        return f"sip:{self.user}@{LOOPBACK}:{self.port}"

    async def dial(self, uri: str, **headers: str) -> None:
        """Call `uri`; underscores in header names stand for hyphens."""
        await self._tell("dial", uri=uri, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def answer(self) -> None:
        """Pick up the last call that came in; wait for one if none has yet."""
        await self.wait_for("CALL_INCOMING", nth=self._picked_up + 1)
        self._picked_up += 1
        await self._tell("answer")

    async def hang_up(self) -> None:
        """BYE, CANCEL or 486, whichever the call's stage asks for."""
        await self._tell("hang_up")

    async def hold(self) -> None:
        """re-INVITE the other end to silence."""
        await self._tell("hold")

    async def resume(self) -> None:
        """re-INVITE it back."""
        await self._tell("resume")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Neither sends nor answers anything until the block ends: a phone whose network went away."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    async def press(self, digits: str) -> None:
        """Send DTMF."""
        await self._tell("press", digits=digits)

    def saw(self, name: str) -> list[PhoneEvent]:
        """The events of that name so far."""
        return [event for event in self.events if event.name == name]

    async def wait_for(self, name: str, *, nth: int = 1, seconds: float = 10.0) -> PhoneEvent:
        """The `nth` event of that name, once it came.

        Raises:
            PhoneFailedError: it did not in time, or the phone is gone.
        """
        await self._until(lambda: len(self.saw(name)) >= nth, seconds, what=f"{name} number {nth}")
        return self.saw(name)[nth - 1]

    async def hear_for(self, sound: float, *, seconds: float = 10.0) -> None:
        """Wait until `sound` seconds of anything but silence came in, at most `seconds`.

        Raises:
            PhoneFailedError: that much was not heard in time.
        """
        await self._until(
            lambda: any(event.seconds >= sound for event in self.saw("HEARD")), seconds, what=f"{sound} s of sound"
        )

    async def _until(self, holds: Callable[[], bool], seconds: float, *, what: str) -> None:
        async def watch() -> None:
            async with self._news:
                await self._news.wait_for(lambda: holds() or self._closed)

        try:
            await asyncio.wait_for(watch(), seconds)
        except TimeoutError:
            raise PhoneFailedError(f"{self.user} waited {seconds} s for {what}:\n{self._story()}") from None
        if not holds():
            raise PhoneFailedError(f"{self.user} is gone, without {what}:\n{self._story()}")

    def story(self, recording: Path | None = None) -> str:
        """Its stack's events, in order, and the tone in what it recorded."""
        words = [event.name for event in self.events if event.name.startswith(("CALL_", "REG", "UNREG"))]
        if recording is not None and recording.exists():
            words.append(f"heard {dominant_frequency(recording):.0f} Hz")
        return ", ".join(dict.fromkeys(words))

    def _story(self) -> str:
        return "\n".join(f"{event.name} {event.text or event.seconds or ''}" for event in self.events)

    async def _tell(self, verb: str, **details: object) -> None:
        """Give a command and wait until it was carried out; raise PhoneFailedError when the stack refused it."""
        assert self._process.stdin is not None
        self._told += 1
        nth = self._told
        self._process.stdin.write(json.dumps({"do": verb, **details}).encode() + b"\n")
        await self._process.stdin.drain()
        await self._until(lambda: len(self._answers()) >= nth, 10.0, what=f"an answer to {verb}")
        answer = self._answers()[nth - 1]
        if answer.name == "REFUSED":
            raise PhoneFailedError(f"{self.user} refused to {verb}: {answer.text}\n{self._story()}")

    def _answers(self) -> list[PhoneEvent]:
        return [event for event in self.events if event.name in {"DONE", "REFUSED"}]

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            await self._note(PhoneEvent(**json.loads(line)))
        self._closed = True
        async with self._news:
            self._news.notify_all()

    async def _note(self, event: PhoneEvent) -> None:
        async with self._news:
            self.events.append(event)
            self._news.notify_all()

    async def _stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 10)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
