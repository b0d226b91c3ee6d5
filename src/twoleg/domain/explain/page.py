"""Renders the rule tables as the page `docs/explain.md`; a test holds page and tables equal."""

from __future__ import annotations

from twoleg.domain.causes import name_of_cause
from twoleg.domain.explain import causes, refusals, situations, statuses
from twoleg.domain.explain.page_texts import PAGE_TEXTS
from twoleg.domain.explain.verdict import Advice, Rule

_HEAD = """# Why did my call fail?

Generated from `src/twoleg/domain/explain/` by `make explain`; do not edit.

`GET /v1/calls/{serial}/explain?lang=en|zh` and `twoleg explain SERIAL` answer with a verdict:

* **sentence**: what happened, to whom, after how long, and what to do.
* **side**: where it lies. `agent`, `customer`: the person or the phone. `carrier`: the network behind our trunk.
  `trunk`: our way out (reachability, credentials, contract, capacity, configuration). `policy`: somebody's wish or
  rule. `service`: this service. A living call has none.
* **retry**: whether another try makes sense without changing anything, how many ms after the end of the call, and the
  rule in words. The waiting times are rules of thumb of this project.
* **certainty**: `certain` (we did or saw it ourselves, or the network said so in so many words), `likely` (the usual
  meaning; others occur), `unsure` (several explanations fit); with the reason why.
* **evidence**: times of each leg, SIP status, Reason header, Q.850 cause, every attempt by every trunk, and what the
  service noted. Attempts are kept with the call, as long as it is kept; the call detail record has none.

A leg that was refused is explained by the first of: the Q.850 cause in its Reason header; the row of its SIP status;
the cause that RFC 3398 makes of the status (`likely` at best). Placeholders are filled with the call's own numbers and
times.
"""

_SITUATIONS = """
## How a call stands or ended

The number is the reasonCode.

| situation | sentence | zh | side | retry | certainty |
|---|---|---|---|---|---|"""

_STATUSES = """
## A SIP status without a Q.850 cause (reasonCode 2, 3)

| status | sentence | zh | side | retry | certainty |
|---|---|---|---|---|---|"""

_CAUSES = """
## Every Q.850 cause (reasonCode 2, 3; what tenants of profile `ita` are told)

*page says*: how the documentation of the compatible interface words the cause, and whether that is `same`, `loose` or
`wrong` beside the ITU-T name. Where it is not the same, the evidence says so. Causes without a row are explained as the
unspecified one of their class.

| cause | ITU-T Q.850 | page says | sentence | zh | side | retry | certainty |
|---|---|---|---|---|---|---|---|"""


_REFUSALS = """
## Why a call was not taken

Nobody was rung and nothing is stored: the answer to the order names the rule (`/v1`: `rule`; the compatible face: its
retMsg), and so does a rehearsal (`dryRun`). *After* counts from the order.

| rule | sentence | zh | side | retry | certainty |
|---|---|---|---|---|---|"""

_PHONE = "its phone's"


def explain_page() -> str:
    """The whole page, Markdown."""
    lines = [_HEAD.rstrip(), _SITUATIONS]
    lines += [_row(situation.value, rule, _side_in(situation)) for situation, rule in situations.RULES.items()]
    lines.append(_STATUSES)
    lines += [_row(str(status), rule) for status, rule in sorted(statuses.RULES.items())]
    lines.append(_CAUSES)
    lines += [_row(f"{cause} | {_name(cause)} | {_page_says(cause)}", rule) for cause, rule in causes.RULES.items()]
    lines.append(_REFUSALS)
    lines += [_row(f"`{refusal.name.lower()}`", rule) for refusal, rule in refusals.RULES.items()]
    return "\n".join(lines) + "\n"


def _side_in(situation: situations.Situation) -> str:
    return "nobody's" if situation.lives else _PHONE


def _row(key: str, rule: Rule, sideless: str = _PHONE) -> str:
    side = sideless if rule.side is None else rule.side.value
    says = f"{rule.says.en}; {rule.advice.says.en} | {rule.says.zh}；{rule.advice.says.zh}"
    return f"| {key} | {says} | {side} | {_retry(rule.advice)} | {_certainty(rule)} |"


def _retry(advice: Advice) -> str:
    return "no" if advice.after_ms is None else f"after {advice.after_ms // 1000} s"


def _certainty(rule: Rule) -> str:
    return "" if rule.doubt is None else f"{rule.certainty.name.lower()}: {rule.doubt.en}"


def _name(cause: int) -> str:
    return name_of_cause(cause) if cause else "(none)"


def _page_says(cause: int) -> str:
    page = PAGE_TEXTS.get(cause)
    return "-" if page is None else f"{page.text} ({page.agreement.value})"
