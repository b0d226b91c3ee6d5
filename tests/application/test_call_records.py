"""Lists of calls: read beside the loop, one after the other, and not without bound."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from twoleg.application.call_records import (
    MOST_WAITING,
    FindCallRecords,
    RecordsFound,
    RecordsWanted,
    TooManyLists,
)

pytestmark = pytest.mark.asyncio

WANTED = RecordsWanted(tenant_id="t1", since=0, until=1)


class Held:
    """Records that are found when the test says so."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.threads: set[str] = set()

    def find(self, _wanted: RecordsWanted) -> RecordsFound:
        self.threads.add(threading.current_thread().name)
        assert self.free.wait(30)
        return RecordsFound(1, [])


async def test_the_loop_goes_on_while_a_list_is_read() -> None:
    records = Held()
    with ThreadPoolExecutor(1, thread_name_prefix="records") as threads:
        reading = asyncio.ensure_future(FindCallRecords(records, threads)(WANTED))
        await asyncio.sleep(0)  # the loop is ours again
        records.free.set()

        assert await reading == RecordsFound(1, [])
    assert records.threads == {"records_0"}


async def test_beyond_the_bound_a_list_is_refused_and_later_there_is_room_again() -> None:
    records = Held()
    with ThreadPoolExecutor(1) as threads:
        find = FindCallRecords(records, threads)
        waiting = [asyncio.ensure_future(find(WANTED)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyLists):
            await find(WANTED)

        records.free.set()
        assert len(await asyncio.gather(*waiting)) == MOST_WAITING
        assert (await find(WANTED)).total == 1
