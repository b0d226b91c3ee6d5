"""Following a call: every change as it is committed, until it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from rich.live import Live

from twoleg.application.ports import CallReader, Clock
from twoleg.cli.call_text import document_of, headline
from twoleg.cli.errors import Negative
from twoleg.cli.output import OUT, say_json
from twoleg.cli.show_call import drawing
from twoleg.cli.times import length
from twoleg.domain.call import Call, Phase

LOOK_EVERY = 0.1
"""Seconds between two reads of the store; each takes some ten microseconds."""


async def follow(reader: CallReader, clock: Clock, call: Call, *, as_json: bool) -> Call:
    """Show `call` and each change of it; answers the ended call. Raises `Negative` when it was purged meanwhile."""
    if as_json:
        return await _as_lines_of_json(reader, call)
    if OUT.is_terminal:
        return await _live(reader, clock, call)
    return await _as_lines(reader, clock, call)


async def _as_lines_of_json(reader: CallReader, call: Call) -> Call:
    async for call in _changes(reader, call):  # noqa: B020, PLR1704 - the same call, later
        say_json(document_of(call))
    return call


async def _as_lines(reader: CallReader, clock: Clock, call: Call) -> Call:
    said = ""
    async for call in _changes(reader, call):  # noqa: B020, PLR1704 - the same call, later
        if headline(call) != said:
            said = headline(call)
            OUT.print(f"{length(clock.now_ms() - call.created_at):>8}  state {int(call.state)}  {said}", markup=False)
    return call


async def _live(reader: CallReader, clock: Clock, call: Call) -> Call:
    with Live(drawing(call, now=clock.now_ms()), console=OUT, auto_refresh=False) as screen:
        while True:
            call = _again(reader, call)
            screen.update(drawing(call, now=clock.now_ms()), refresh=True)
            if call.phase is Phase.ENDED:
                return call
            await asyncio.sleep(LOOK_EVERY)


async def _changes(reader: CallReader, call: Call) -> AsyncIterator[Call]:
    """The call as it is, then each changed one, the ended one last."""
    yield call
    while call.phase is not Phase.ENDED:
        await asyncio.sleep(LOOK_EVERY)
        later = _again(reader, call)
        if later != call:
            call = later
            yield call


def _again(reader: CallReader, call: Call) -> Call:
    found = reader.call(call.serial)
    if found is None:
        raise Negative(f"call {call.serial} is not in the store any more")
    return found
