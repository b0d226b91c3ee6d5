"""The load: programs that place calls over both faces of HTTP, and do not give up when an answer is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from chaos.phones import AGENT, CUSTOMER, HABITS, HANGS_UP, IS_BUSY, NEVER_ANSWERS, STAYS, Habit
from chaos.verdict import Placement
from patience import now

CREATE_PATH = "/apiaccess/CC-Management/v1/mobileAgent/createCall"
_AGENTS = {STAYS: 70.0, HANGS_UP: 12.0, NEVER_ANSWERS: 8.0, IS_BUSY: 10.0}
_CUSTOMERS = {STAYS: 25.0, HANGS_UP: 50.0, NEVER_ANSWERS: 12.0, IS_BUSY: 13.0}
"""How many of a hundred are called."""
_NATIVE, _TWICE_AT_ONCE, _DIRECT, _HUNG_UP, _HASTY = 0.7, 0.1, 0.5, 0.1, 0.1
"""Shares: of the native face; of its requests those that are sent twice at once, and those for direct media; of
acknowledged calls those that their program ends; of all requests those whose first answer is not waited for."""
_PATIENCE = 60.0
"""Seconds for which a request is repeated under its key."""
_AGAIN = 0.1
_TOO_SLOW = 408
"""We were suspended in the middle of a request: it may be sent again."""
_NO_PATIENCE = 0.004
"""Seconds that a hasty program waits for its first answer: the request is sent, and its answer is lost."""
_LONGEST_LIFE = 3.0
"""Seconds after which a program hangs up, at most."""


@dataclass(slots=True)
class Load:
    """What was placed, and what came of it."""

    client: httpx.AsyncClient
    chance: random.Random
    placements: list[Placement] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    """HTTP statuses, and the names of errors of the connection."""
    replays: int = 0
    """Answers marked `Idempotency-Replayed`."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, rate: float) -> None:
        """Place calls at chance intervals, so many a second on average, until cancelled."""
        due = now()
        while True:
            due += self.chance.expovariate(rate)
            await asyncio.sleep(max(0.0, due - now()))
            task = asyncio.create_task(self._call())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Every request has its answer, or was given up."""
        await asyncio.gather(*self._tasks)

    async def _call(self) -> None:
        number = len(self.placements)
        agent, customer = self._number(AGENT, _AGENTS, number), self._number(CUSTOMER, _CUSTOMERS, number)
        placement = Placement(agent, customer)
        self.placements.append(placement)
        ends_after = self.chance.uniform(0, _LONGEST_LIFE) if self.chance.random() < _HUNG_UP else None
        if self.chance.random() < _NATIVE:
            placement.key = f"chaos-{number}"
            body = {"caller": agent, "called": customer, "callData": placement.key}
            if self.chance.random() < _DIRECT:
                body["media"] = "direct"
            times = 2 if self.chance.random() < _TWICE_AT_ONCE else 1
            await asyncio.gather(*(self._native(placement, body) for _ in range(times)))
        else:
            await self._compatible(placement)
        if ends_after is not None and placement.serials:
            await asyncio.sleep(ends_after)
            await self._hang_up(placement.serials[0])

    def _number(self, role: str, habits: dict[Habit, float], number: int) -> str:
        habit = self.chance.choices(HABITS, [habits[each] for each in HABITS])[0]
        return f"{role}{habit.digit}{number:07}"

    async def _native(self, placement: Placement, body: dict[str, str]) -> None:
        give_up, patience = now() + _PATIENCE, self._patience()
        while now() < give_up:
            answer = await self._post("/v1/calls", body, {"Idempotency-Key": placement.key}, patience=patience)
            patience = _PATIENCE
            if answer is None:
                placement.lost_answers += 1
            elif answer.status_code == 201:
                placement.serials.append(answer.json()["serial"])
                self.replays += "idempotency-replayed" in answer.headers
                return
            elif answer.status_code < 500 and answer.status_code != _TOO_SLOW:
                placement.refusal = f"{answer.status_code} {answer.text}"
                return
            await asyncio.sleep(_AGAIN)

    async def _compatible(self, placement: Placement) -> None:
        """Without a key nobody may ask again: the agent would be rung by two calls."""
        body = {"caller": placement.agent, "called": placement.customer}
        answer = await self._post(CREATE_PATH, body, patience=self._patience())
        if answer is None:
            placement.lost_answers += 1
        elif answer.status_code == 200 and answer.json()["retCode"] == "0":
            placement.serials.append(answer.json()["result"]["callSerialNo"])
        else:
            placement.refusal = f"{answer.status_code} {answer.text}"

    async def _hang_up(self, serial: str) -> None:
        give_up = now() + _PATIENCE
        while now() < give_up:
            answer = await self._post(f"/v1/calls/{serial}/hangup", {})
            if answer is not None and answer.status_code < 500:
                return
            await asyncio.sleep(_AGAIN)

    def _patience(self) -> float:
        return _NO_PATIENCE if self.chance.random() < _HASTY else _PATIENCE

    async def _post(
        self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None, *, patience: float = _PATIENCE
    ) -> httpx.Response | None:
        """None: the connection broke, and nobody knows what the service made of it."""
        try:
            answer = await self.client.post(path, json=body, headers=headers, timeout=patience)
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            return None
        self.answers[str(answer.status_code)] += 1
        return answer
