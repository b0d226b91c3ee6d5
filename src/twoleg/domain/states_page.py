"""Renders the machine's table as the page `docs/states.md`; a test holds page and table equal."""

from __future__ import annotations

from twoleg.domain.call import PUBLISHED_STATE, Phase
from twoleg.domain.effects import Acknowledge, ArmTimer, Bridge, Dial, Effect, PassEarlyMedia, Ringback, SendInvite
from twoleg.domain.machine import LATE_OR_REPEATED, PHASE_TIMER, TRANSITIONS, Rule
from twoleg.domain.reasons import Reason
from twoleg.domain.signals import Kind

_HEAD = """# States of a call

Generated from `src/twoleg/domain/machine.py` by `make states`; do not edit.

Published `state`: {states}.
Each phase has one hard timer: {timers}. Entering a phase arms it, leaving disarms it.

**bold**: a transition · `late`: late or repeated, nothing happens · `-`: impossible, the call ends with 1003
"""


def states_page() -> str:
    """The whole page, Markdown."""
    states = ", ".join(f"{phase.name} = {PUBLISHED_STATE[phase].value}" for phase in Phase)
    timers = ", ".join(f"{phase.name} `{timer.value}`" for phase, timer in PHASE_TIMER.items())
    parts = [_HEAD.format(states=states, timers=timers), *_table(), "", *_transitions(), "", *_reasons()]
    return "\n".join(parts) + "\n"


def _table() -> list[str]:
    lines = ["## Every signal in every phase", "", "| signal | " + " | ".join(phase.name for phase in Phase) + " |"]
    lines.append("|---|" + "---|" * len(Phase))
    lines.extend(f"| {kind.value} | " + " | ".join(_cell(phase, kind) for phase in Phase) + " |" for kind in Kind)
    return lines


def _cell(phase: Phase, kind: Kind) -> str:
    rule = TRANSITIONS.get((phase, kind))
    if rule is None:
        return "late" if (phase, kind) in LATE_OR_REPEATED else "-"
    if rule.reason is not None:
        return f"**ENDED {rule.reason.value}**"
    return "**same**" if rule.next is phase else f"**{rule.next.name}**"


def _transitions() -> list[str]:
    lines = [
        "## What each transition does",
        "",
        "| phase | signal | next | effects | events |",
        "|---|---|---|---|---|",
    ]
    for (phase, kind), rule in TRANSITIONS.items():
        events = ", ".join(event.value for event in rule.events) or "none"
        lines.append(f"| {phase.name} | {kind.value} | {rule.next.name} | {_effects(rule)} | {events} |")
    return lines


def _effects(rule: Rule) -> str:
    names = [_effect(effect) for effect in rule.effects] + [f"release {role.value}" for role in rule.release]
    return ", ".join(names) or "none"


def _effect(effect: Effect) -> str:
    match effect:
        case Dial(role=role):
            return f"dial {role.value}"
        case SendInvite(role=role):
            return f"send INVITE to {role.value}"
        case Acknowledge(role=role):
            return f"acknowledge {role.value}"
        case ArmTimer(timer=timer, plus=plus):
            return f"`{timer.value}` anew" + (f", {plus:g} s longer" if plus else "")
        case _:
            pass
    return {Ringback: "ringback", PassEarlyMedia: "pass early media", Bridge: "bridge"}[type(effect)]


def _reasons() -> list[str]:
    lines = ["## Every way a call can end", "", "| reasonCode | meaning |", "|---|---|"]
    return lines + [f"| {reason.value} | {reason.text} |" for reason in Reason]
