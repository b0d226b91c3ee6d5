"""`TWOLEG_SECTION__KEY` variables: each overrides one key of the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from twoleg.config.errors import ConfigError, unknown
from twoleg.config.values import Rule

CONFIG_VARIABLE = "TWOLEG_CONFIG"

_PREFIX = "TWOLEG_"


class Overrides:
    """The overriding variables of an environment, to be taken section by section; what is left over is a mistake."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._left = {
            name: value for name, value in environment.items() if name.startswith(_PREFIX) and name != CONFIG_VARIABLE
        }
        self._known: list[str] = []

    def take(self, section: str, rules: Mapping[str, Rule[Any]]) -> dict[str, Any]:
        """The overridden values of one section (`http`, `trunk.carrier`), by key. Raises `ConfigError`."""
        taken = {}
        for key, rule in rules.items():
            variable = _variable(section, key)
            self._known.append(variable)
            if variable in self._left:
                taken[key] = _read(variable, rule, self._left.pop(variable))
        return taken

    def refuse_leftovers(self) -> None:
        """Raises `ConfigError` for a variable that names no key.

        Those without a double underscore that resemble none of ours are left alone: container platforms set
        TWOLEG_PORT and the like for a service of this name.
        """
        for name in sorted(self._left):
            if "__" in name or difflib.get_close_matches(name, self._known, n=1, cutoff=0.85):
                raise ConfigError(unknown("variable", name, self._known))


def _variable(section: str, key: str) -> str:
    words = (re.sub(r"[^A-Z0-9]", "_", word.upper()) for word in (*section.split("."), key))
    return _PREFIX + "__".join(words)


def _read(variable: str, rule: Rule[Any], written: str) -> Any:
    try:
        return rule.read(rule.from_text(written))
    except ValueError as error:
        shown = "(not shown)" if rule.secret else f'"{written}"'
        raise ConfigError(f"{variable} = {shown} is wrong: must be {rule.allowed}") from error
