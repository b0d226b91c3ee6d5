"""The promise, as an outsider checks it: whatever died, hung or failed, and at every moment."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from twoleg.adapters.store.sqlite.soundness import _OF_CALLS
from twoleg.domain.call import Phase

if TYPE_CHECKING:
    from machine.house import House

SLACK = 5.0
"""Seconds that the sweeper has once the disk is well: it looks every two."""
ON_TIME = 9.0
"""Seconds that an engine may have been away in all, so that no call can have been seen by the sweeper: what a call has
beyond the sum of its timers is ten."""


class Promise:
    """What was published so far, and may not be taken back."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._file = sqlite3.connect(house.path)
        self._published: dict[str, dict[str, Any]] = {}
        self.acknowledged: set[str] = set()

    def close(self) -> None:
        self._file.close()

    def check(self) -> None:
        """At any moment."""
        self._check_answers()
        self._check_wire()
        self._check_file()
        self._check_deadlines()

    def check_end(self) -> None:
        """When all has been well for longer than a call can last."""
        self.check()
        assert self._file.execute("SELECT serial FROM call WHERE phase < ?", (Phase.ENDED,)).fetchall() == []
        assert self._house.life is not None
        assert len(self._house.life.conductor) == 0
        assert self._house.life.log.faults == []
        if not self._house.is_forgetful:
            live = [leg for phone in self._house.phones.values() for leg in phone.live]
            assert live == [], "a phone is left in a dead call"

    def kept(self) -> int:
        """Legs that the next engine would say goodbye to."""
        return int(self._file.execute("SELECT count(*) FROM leg_on_wire").fetchone()[0])

    def _check_answers(self) -> None:
        for serial in self.acknowledged:
            known = self._published.get(serial, {"state": 0})
            answer = self._house.client.query(serial).json
            assert answer["retCode"] == "0", answer
            result = answer["result"]
            assert result["state"] >= known["state"], "a published state fell"
            assert known["state"] < 3 or result == known, "an ended call changed"
            assert (result["state"] == 3) == ("reasonCode" in result) == ("endTime" in result)
            self._published[serial] = result

    def _check_wire(self) -> None:
        for (serial, port), call_ids in self._house.wire.call_ids.items():
            assert len(call_ids) == 1, f"the phone of {serial} at {port} was called {len(call_ids)} times"

    def _check_file(self) -> None:
        for flaw, sql in _OF_CALLS.items():
            assert self._file.execute(sql).fetchall() == [], flaw
        stored = {str(serial) for (serial,) in self._file.execute("SELECT serial FROM call")}
        assert stored >= self.acknowledged
        called = {str(serial) for serial, _ in self._house.wire.call_ids}
        assert called <= stored, "somebody was rung whom the store does not know of"

    def _check_deadlines(self) -> None:
        house = self._house
        now = house.clock.now_ms()
        since = max(0, now - round((house.network.now - house.disk.well_since) * 1000)) if house.disk.is_well else now
        for serial, deadline in self._file.execute("SELECT serial, must_end_by FROM call WHERE phase < 4"):
            assert now < max(deadline, since) + SLACK * 1000, f"{serial} outlived its deadline"
        ended = self._file.execute("SELECT serial FROM call WHERE phase = 4 AND ended_at > must_end_by").fetchall()
        assert ended == [] or house.disk.well_since > 0, ended
        if house.engine_away < ON_TIME and house.disk.well_since == 0:
            assert house.overdue.count() == 0, "a call outlived its timers"
