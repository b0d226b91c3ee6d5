"""Faults planted where the service works for a call: in every function that ran for one, found by running it.

A planted fault is an exception at the first line of a function, once.  The tracer of the interpreter raises it, so no
function has to be replaced, and none can be forgotten that the calls of the world reach.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

import twoleg

ROOT = str(Path(twoleg.__file__).parent)
ROOMS = tuple(f"{ROOT}/{room}/" for room in ("sip", "adapters/sip_engine", "adapters/media", "application", "domain"))
_ENOUGH = 200
"""Visits of a function by others than the service after which it is taken for theirs."""


class PlantedError(Exception):
    """Ours; it says where it was planted."""


def name_of(code: CodeType) -> str:
    """`sip.invite_client.InviteClient._success`"""
    module = code.co_filename.removeprefix(ROOT + "/").removesuffix(".py").replace("/", ".")
    return f"{module}.{code.co_qualname}"


def is_handler(code: CodeType) -> bool:
    """Functions of the rooms where calls are handled; parts of a function are no functions of their own."""
    part_of_another = code.co_name in ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<module>")
    return code.co_filename.startswith(ROOMS) and not part_of_another


def has_just_begun(frame: FrameType) -> bool:
    """Not only resumed: what is raised where a coroutine waits comes from what it waits for, never from itself."""
    resumed_after = frame.f_code.co_code[frame.f_lasti + 1]  # the argument of RESUME: 0 at the start of a function
    return resumed_after == 0


def is_work_of(frame: FrameType | None, others: frozenset[int]) -> bool:
    """Whether one of `others` (ids of objects) has called it, directly or not."""
    while frame is not None:
        if id(frame.f_locals.get("self")) in others:
            return True
        frame = frame.f_back
    return False


class Survey:
    """Notes every handler that runs while it is on, but for what `others` do."""

    def __init__(self, others: Callable[[], frozenset[int]]) -> None:
        self.found: dict[CodeType, None] = {}
        self._others = others
        self._theirs: dict[CodeType, int] = {}

    def __enter__(self) -> Self:
        sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _look(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or code in self.found or not is_handler(code) or self._theirs.get(code, 0) > _ENOUGH:
            return
        if is_work_of(frame, self._others()):
            self._theirs[code] = self._theirs.get(code, 0) + 1
        else:
            self.found[code] = None


class Planter:
    """Raises once in each of the functions that are due."""

    def __init__(self, others: Callable[[], frozenset[int]]) -> None:
        self.planted: list[str] = []
        """Where a fault was raised, in order."""
        self._others = others
        self._due: set[CodeType] = set()

    def plant(self, code: CodeType) -> None:
        """The next time that this function is called it raises."""
        self._due.add(code)
        self.look()

    def look(self) -> None:
        """The interpreter stops tracing when a tracer raises; call this before work goes on."""
        sys.settrace(self._trace if self._due else None)

    def close(self) -> Iterator[str]:
        """Plant no more; gives what was never called."""
        sys.settrace(None)
        return (name_of(code) for code in self._due)

    def _trace(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_code not in self._due or not has_just_begun(frame):
            return
        if is_work_of(frame, self._others()):
            return
        self._due.discard(frame.f_code)
        self.planted.append(name_of(frame.f_code))
        raise PlantedError(self.planted[-1])
