"""All rules about Q.850 causes together, and what stands in for a cause that has none."""

from __future__ import annotations

import re
from collections.abc import Mapping

from twoleg.domain.explain import about_messages, about_networks, about_phones
from twoleg.domain.explain.verdict import Rule

RULES: Mapping[int, Rule] = dict(sorted({**about_phones.RULES, **about_networks.RULES, **about_messages.RULES}.items()))

_UNSPECIFIED_OF_CLASS = (31, 31, 47, 63, 79, 95, 111, 127)
"""ITU-T Q.850 2.2.5 and its table 1: a cause that is not known counts as the unspecified one of its class, and a class
is 16 causes wide."""

_SAID = re.compile(r"(?:^|,)\s*Q\.850\s*;[^,]*?\bcause\s*=\s*(\d{1,3})\b", re.IGNORECASE)


def rule_of(cause: int) -> Rule:
    """The row of a cause 0-127."""
    found = RULES.get(cause)
    return RULES[_UNSPECIFIED_OF_CLASS[cause // 16]] if found is None else found


def said_in(reason_headers: str | None) -> int | None:
    """The Q.850 cause 1-127 in Reason headers as received (RFC 3326); None where none speaks of one."""
    for found in _SAID.finditer(reason_headers or ""):
        cause = int(found[1])
        if 0 < cause <= 127:
            return cause
    return None
