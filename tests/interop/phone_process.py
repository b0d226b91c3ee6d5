"""One baresip phone in a process of its own, driven by JSON lines: commands on stdin, events on stdout.

A process, because baresip keeps its state per process; `interop.phones` is the door. Every event has a `name`:
the stack's own (CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED ...) or one of READY, HEARD, DONE, REFUSED.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import wave
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baresip import (
    Account,
    AudioNotActive,
    AudioRestarted,
    BaresipError,
    Call,
    Config,
    RegistrationError,
    Runtime,
    UserAgent,
)

from interop.sockets import tcp_ports_of, udp_ports_of
from interop.tones import RATE, is_audible, read_samples

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from baresip import StackEvent

FRAME = 0.02
"""Seconds between two looks at the audio buffers: one RTP packet of G.711."""

_AHEAD = 0.2
"""Seconds of tone written ahead of the transmitter, so that a busy machine does not tear holes into it."""

_TRIES = 250
"""How often a busy stack is asked, each `FRAME`: five seconds."""

_HEARD_STEP = 0.1
"""Seconds of sound between two HEARD events."""


def say(name: str, **details: object) -> None:
    """One event to whoever started this process."""
    sys.stdout.write(json.dumps({"name": name, **details}) + "\n")
    sys.stdout.flush()


class Voice:
    """What the phone says (a WAV, over and over) and hears (into a WAV), on whichever call has audio."""

    def __init__(self, *, says: Path | None, hears: Path | None) -> None:
        """Open both files; either may be missing."""
        self._pcm = read_samples(says)[0].tobytes() if says else b""
        self._at = 0
        self._file = _open_recording(hears) if hears else None
        self._audible = 0.0
        self._announced = 0.0

    async def run(self, call: Call) -> None:
        """Talk and listen until the call is over."""
        while call.state.value != "closed":
            with suppress(AudioNotActive, AudioRestarted):
                self._talk(call)
                self._listen(call)
            await asyncio.sleep(FRAME)

    def _talk(self, call: Call) -> None:
        info = call.audio.info()
        missing = int(RATE * _AHEAD) * 2 - info.tx_buffered
        while self._pcm and info.tx_ready and missing > 0:
            taken = call.audio.write(self._pcm[self._at : self._at + missing])
            self._at = (self._at + taken) % len(self._pcm)
            missing -= taken
            if not taken:
                return

    def _listen(self, call: Call) -> None:
        pcm = call.audio.read(RATE * 2)
        if self._file and pcm:
            self._file.writeframes(pcm)
        self._audible += sum(
            FRAME for i in range(0, len(pcm), 320) if is_audible(memoryview(pcm[i : i + 320]).cast("h"))
        )
        if self._audible - self._announced >= _HEARD_STEP:
            self._announced = self._audible
            say("HEARD", seconds=round(self._audible, 2))

    def close(self) -> None:
        """Finish the recording."""
        if self._file:
            self._file.close()


class PhoneProcess:
    """The phone: one user agent, one call at a time, answered by itself after `answer_after` seconds if that is set."""

    def __init__(self, agent: UserAgent, voice: Voice, *, answer_after: float | None) -> None:
        """Listen to the agent's events."""
        self._agent = agent
        self._voice = voice
        self._answer_after = answer_after
        self._call: Call | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        agent.on(self._report)
        agent.on_incoming(self._ring)

    def _report(self, event: StackEvent) -> None:
        say(
            event.event.name,
            text=event.text or "",
            peer=event.peer or "",
            call_id=event.call_id or "",
            from_header=event.from_ or "",
            to_header=event.to or "",
            headers=event.headers,
        )

    def _ring(self, call: Call) -> None:
        self._adopt(call)
        if self._answer_after is not None:
            self._start(self._answer_later(call, self._answer_after))

    def _adopt(self, call: Call) -> None:
        self._call = call
        self._start(self._voice.run(call))

    async def _answer_later(self, call: Call, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with suppress(BaresipError):  # the caller may have gone meanwhile, and then CALL_CLOSED says so
            await call.answer()

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command and say DONE, or REFUSED when the stack would not."""
        try:
            await self._carry_out(command)
        except BaresipError as refusal:
            say("REFUSED", text=str(refusal))
        else:
            say("DONE", text=command["do"])

    async def _carry_out(self, command: dict[str, Any]) -> None:
        if command["do"] == "dial":
            self._adopt(await self._agent.dial(command["uri"], command.get("headers")))
            return
        if self._call is None:
            raise BaresipError("there is no call")
        match command["do"]:
            case "answer":
                await self._call.answer()
            case "hang_up":
                await self._call.hangup()
            case "hold":
                await _once_free(self._call.hold)
            case "resume":
                await _once_free(self._call.resume)
            case "press":
                await self._call.send_dtmf(command["digits"])
            case unknown:
                raise BaresipError(f"no such command: {unknown}")


async def _once_free(reoffer: Callable[[], Awaitable[object]]) -> None:
    """Send a re-INVITE, waiting while the stack is still busy with another one: it cannot say when that is over."""
    for _ in range(_TRIES):
        try:
            await reoffer()
        except BaresipError as refusal:
            if "retry shortly" not in str(refusal):
                raise
            await asyncio.sleep(FRAME)
        else:
            return
    raise BaresipError("the stack was busy with another re-INVITE for too long")


def _open_recording(path: Path) -> wave.Wave_write:
    # Unbuffered, so that a test may read what was heard so far while the call is still up.
    file = wave.open(path.open("wb", buffering=0), "wb")  # noqa: SIM115 - open as long as the phone lives
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(RATE)
    return file


async def _commands() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _transports(settings: dict[str, Any]) -> str:
    """Lines of baresip's own configuration."""
    lines = ["sip_listen 127.0.0.1:0"]
    if settings["transport"] != "udp":  # one more and no other: nothing tells which port is for which
        lines.append(f"sip_transports udp,{settings['transport']}")
    if settings["certificate"]:
        lines += [f"sip_certificate {settings['certificate']}", f"sip_cafile {settings['ca']}"]
    return "".join(f"{line}\n" for line in lines)


async def _register(agent: UserAgent) -> None:
    try:
        await agent.register()
    except RegistrationError as refusal:
        say("UNREGISTERED", text=str(refusal))
    else:
        say("REGISTERED")


async def main(settings: dict[str, Any]) -> None:
    """Live until stdin closes."""
    if settings["trace"]:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    runtime = Runtime()
    await runtime.start(
        Config(
            net_interface="127.0.0.1",
            expose_headers=tuple(settings["expose"]),
            sip_trace=settings["trace"],
            extra_config_text=_transports(settings),
        )
    )
    voice = Voice(
        says=Path(settings["says"]) if settings["says"] else None,
        hears=Path(settings["hears"]) if settings["hears"] else None,
    )
    try:
        account = Account(
            user=settings["user"],
            domain=settings["registrar"] or "127.0.0.1",
            password=settings["password"],
            reg_interval=60 if settings["registrar"] else 0,
            transport=settings["transport"],
        )
        agent = await UserAgent.create(runtime, account)
        phone = PhoneProcess(agent, voice, answer_after=settings["answer_after"])
        (port,) = udp_ports_of(os.getpid())
        streams = tcp_ports_of(os.getpid())
        say("READY", port=port, stream_port=streams.pop() if settings["transport"] != "udp" else 0)
        if settings["registrar"]:
            await _register(agent)
        reader = await _commands()
        while line := await reader.readline():
            await phone.obey(json.loads(line))
    finally:
        await runtime.close()
        voice.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
