"""The nursery as a real process, and what it forks."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from patience import eventually_async
from twoleg.bootstrap.nursery import Forked, NurseryGoneError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio

NURSERY = """
import os, socket, sys, time
from pathlib import Path
from twoleg.bootstrap.nursery import nurse

def body(word):
    if word == "fail":
        raise RuntimeError("no good")
    if word == "leave":
        sys.exit(7)
    if word == "sleep":
        time.sleep(600)
    if word == "descriptors":
        print(sorted(int(each.name) for each in Path("/proc/self/fd").iterdir() if each.exists()))
    if word == "gifts":
        os.write(20, b"twenty")
        os.write(21, b"twenty-one")
    if word == "warm":
        print(warmed)
    return 0

warmed = []

def warm(word):
    warmed.append(word)
    raise ImportError("that one is missing")

nurse(socket.socket(fileno=int(sys.argv[1])), body, warm)
"""


class Nursery:
    """One to test."""

    def __init__(self) -> None:
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", NURSERY, str(theirs.fileno())], pass_fds=[theirs.fileno()]
            )

    async def fork(self, word: str, **gifts: int) -> tuple[Forked, int]:
        """It, and where to read what it says."""
        reading, writing = os.pipe()
        given = {0: writing, 1: writing, 2: writing} | {int(name[1:]): gift for name, gift in gifts.items()}
        try:
            return await Forked.start(self.line, word, given), reading
        except NurseryGoneError:
            os.close(reading)
            raise
        finally:
            os.close(writing)

    async def said(self, word: str, **gifts: int) -> tuple[str, int]:
        """All that it says, and its exit code."""
        forked, reading = await self.fork(word, **gifts)
        with os.fdopen(reading) as stream:
            return await asyncio.to_thread(stream.read), await forked.wait()

    def close(self) -> None:
        self.line.close()
        self.process.wait(20)


@pytest_asyncio.fixture
async def nursery() -> AsyncIterator[Nursery]:
    made = Nursery()
    yield made
    made.process.kill()
    made.close()


async def test_a_process_has_what_it_was_given_and_nothing_else(nursery: Nursery) -> None:
    said, code = await nursery.said("descriptors")
    assert (said, code) == ("[0, 1, 2]\n", 0)


async def test_gifts_are_where_they_were_promised_even_crosswise(nursery: Nursery) -> None:
    pipes = [os.pipe(), os.pipe()]
    assert (await nursery.said("gifts", _20=pipes[0][1], _21=pipes[1][1]))[1] == 0
    for (reading, writing), expected in zip(pipes, (b"twenty", b"twenty-one"), strict=True):
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            assert stream.read() == expected


@pytest.mark.parametrize(("word", "code", "said"), [("leave", 7, ""), ("fail", 1, "RuntimeError: no good\n")])
async def test_its_end_is_told(nursery: Nursery, word: str, code: int, said: str) -> None:
    told, ended = await nursery.said(word)
    assert ended == code
    assert told.endswith(said)


async def test_what_it_lacks_for_a_warm_start_is_for_the_process_to_say(nursery: Nursery) -> None:
    assert await nursery.said("warm") == ("['warm']\n", 0)
    assert await nursery.said("warm") == ("['warm', 'warm']\n", 0)


async def test_signals_end_it_however_many_wait(nursery: Nursery) -> None:
    for end, number in ((Forked.terminate, signal.SIGTERM), (Forked.kill, signal.SIGKILL)):
        forked, reading = await nursery.fork("sleep")
        os.close(reading)
        running = forked.returncode is None
        assert running
        end(forked)
        assert list(await asyncio.gather(forked.wait(), forked.wait())) == [-number, -number]
        ended = forked.returncode
        assert ended == -number
        with pytest.raises(ProcessLookupError):
            forked.terminate()


async def test_a_nursery_that_dies_takes_nobody_with_it(nursery: Nursery) -> None:
    forked, reading = await nursery.fork("sleep")
    os.close(reading)
    nursery.process.kill()
    nursery.process.wait(20)
    with pytest.raises(NurseryGoneError):
        await nursery.fork("sleep")
    waiting = asyncio.create_task(forked.wait())
    assert not await eventually_async(waiting.done, seconds=0.1)
    forked.kill()
    assert await waiting == -signal.SIGKILL


async def test_it_ends_with_its_line_and_those_it_forked_live_on(nursery: Nursery) -> None:
    forked, reading = await nursery.fork("sleep")
    os.close(reading)
    nursery.close()
    assert nursery.process.returncode == 0
    os.kill(forked.pid, 0)
    forked.kill()
    assert await forked.wait() == -signal.SIGKILL
