"""Finds the handlers of a path that has parameters in it. Paths without any are looked up in a dictionary (app.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from twoleg.api.http import RequestHandler

Methods = Mapping[str, RequestHandler]
"""HTTP method -> handler."""
Patterns = Mapping[str, Methods]
"""`/v1/calls/{serial}` -> its methods. A parameter is a whole segment, and never empty."""


class Found(NamedTuple):
    """Where a path led."""

    methods: Methods
    arguments: Mapping[str, str]


class PathTable:
    """The patterns, by number of segments; a literal segment wins over a parameter."""

    def __init__(self, patterns: Patterns) -> None:
        self.patterns = frozenset(patterns)
        self._by_length: dict[int, list[tuple[list[str], Methods]]] = {}
        for pattern, methods in sorted(patterns.items(), key=lambda item: item[0].count("{")):
            segments = pattern.split("/")
            self._by_length.setdefault(len(segments), []).append((segments, methods))

    def find(self, path: str) -> Found | None:
        """The methods of the path and its arguments; None when there is nothing at it."""
        parts = path.split("/")
        for segments, methods in self._by_length.get(len(parts), ()):
            arguments = _match(segments, parts)
            if arguments is not None:
                return Found(methods, arguments)
        return None


def _match(segments: list[str], parts: list[str]) -> dict[str, str] | None:
    arguments = {}
    for segment, part in zip(segments, parts, strict=True):
        if segment.startswith("{"):
            if not part:
                return None
            arguments[segment[1:-1]] = part
        elif segment != part:
            return None
    return arguments
