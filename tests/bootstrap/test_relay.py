"""Log lines on their way out of a child: whole, in order, and never at the cost of waiting."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from typing import TYPE_CHECKING

from patience import eventually
from twoleg.bootstrap.relay import PatientPipe, Relay

if TYPE_CHECKING:
    from pathlib import Path

LINE = b'{"event":"' + b"x" * 1000 + b'"}\n'


def drain(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    taken = b""
    while True:
        try:
            chunk = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return taken
        if not chunk:
            return taken
        taken += chunk


def test_a_full_pipe_costs_lines_and_no_time() -> None:
    reading, writing = os.pipe()
    pipe = PatientPipe(writing)
    for _ in range(3000):
        pipe.write(LINE)  # three times what the pipe can hold: it would wait for ever
    first = drain(reading)
    pipe.write(b'{"event":"later"}\n')
    lines = (first + drain(reading)).splitlines()
    told = [json.loads(line) for line in lines]
    assert told[-1] == {"event": "later"}
    assert told[-2]["event"] == "log lines dropped: nobody took them"
    assert told[-2]["lines"] + len(told) - 2 == 3000
    os.close(reading)
    os.close(writing)


def test_a_line_that_was_cut_is_finished_first() -> None:
    reading, writing = os.pipe()
    pipe = PatientPipe(writing)
    long = b"y" * 100_000 + b"\n"
    for _ in range(20):
        pipe.write(long)
    taken = drain(reading)
    pipe.flush()
    pipe.write(b"end\n")
    lines = (taken + drain(reading)).splitlines()
    assert {len(line) for line in lines if line.startswith(b"y")} == {100_000}
    assert lines[-1] == b"end"
    os.close(reading)
    os.close(writing)


def test_a_reader_that_is_gone_harms_nobody() -> None:
    reading, writing = os.pipe()
    pipe = PatientPipe(writing)
    os.close(reading)
    assert pipe.write(LINE) == 0
    os.close(writing)


def test_a_file_is_written_to_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        PatientPipe(file.fileno()).write(LINE)
        assert os.get_blocking(file.fileno())
    assert (tmp_path / "log").read_bytes() == LINE


def test_lines_of_several_children_are_not_mixed(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        relay = Relay(file.fileno())
        pipes = [relay.open(str(number)) for number in range(3)]
        for _ in range(50):
            for number, pipe in enumerate(pipes):
                os.write(pipe.descriptor, str(number).encode() * 10)
            for pipe in pipes:
                os.write(pipe.descriptor, b"\n")
        for pipe in pipes:
            pipe.finish()
    lines = (tmp_path / "log").read_text().splitlines()
    assert sorted(lines) == sorted(str(number) * 10 for number in range(3) for _ in range(50))


def test_last_words_without_a_line_break_are_passed_on(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        pipe = Relay(file.fileno()).open("child")
        os.write(pipe.descriptor, b"Fatal Python error")
        pipe.finish()
    assert (tmp_path / "log").read_bytes() == b"Fatal Python error\n"


def test_a_reader_that_is_stuck_does_not_stop_the_writers() -> None:
    reading, writing = os.pipe()
    relay = Relay(writing)
    opened = relay.open("child")
    pipe = PatientPipe(opened.descriptor)
    for _ in range(5000):
        pipe.write(LINE)
    assert eventually(lambda: len(drain(reading)) > 0)
    os.close(reading)
    opened.finish()
    os.close(writing)


def test_lines_of_one_turn_of_the_loop_go_out_together_and_in_order() -> None:
    async def story() -> tuple[bytes, bytes]:
        pipe.gather(asyncio.get_running_loop())
        pipe.write(b"one\n")
        pipe.write(b"two\n")
        at_once = drain(reading)
        await asyncio.sleep(0)
        later = drain(reading)
        pipe.write(b"three\n")
        pipe.ungather()
        return at_once, later

    reading, writing = os.pipe()
    pipe = PatientPipe(writing)
    assert asyncio.run(story()) == (b"", b"one\ntwo\n")
    pipe.write(b"four\n")
    assert drain(reading) == b"three\nfour\n"
    os.close(reading)
    os.close(writing)


def test_a_line_of_another_thread_does_not_wait_for_the_loop() -> None:
    async def story() -> bytes:
        pipe.gather(asyncio.get_running_loop())
        other = threading.Thread(target=pipe.write, args=(b"elsewhere\n",))
        other.start()
        other.join()
        return drain(reading)

    reading, writing = os.pipe()
    pipe = PatientPipe(writing)
    assert asyncio.run(story()) == b"elsewhere\n"
    os.close(reading)
    os.close(writing)
