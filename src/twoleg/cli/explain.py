"""`twoleg explain`: why a call went as it did, in one sentence, and what that rests on."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from twoleg.api.native.explain_wire import explanation
from twoleg.application.explain_call import explain_call
from twoleg.cli.calls import Serial, call_of, number_of
from twoleg.cli.options import ConfigOption, JsonOption, store_of
from twoleg.cli.output import OUT, say_json
from twoleg.cli.times import length
from twoleg.domain.explain.verdict import Advice, Verdict
from twoleg.domain.explain.words import Language


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("explain")(explain)


def explain(
    *,
    serial: Serial,
    language: Annotated[Language, typer.Option("--lang", help="The language of the verdict.")] = Language.EN,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a call went as it did: what happened, on whose side it lies, and whether to call again.

    Example:  twoleg explain 8420611034581442563 --lang zh
    """
    with store_of(config) as opened:
        call = call_of(opened, number_of(serial))
        verdict = explain_call(call, events=opened.event_feed, now=opened.clock.now_ms())
    if as_json:
        say_json(explanation(call, verdict, language))
    else:
        _show(verdict, language)


def _show(verdict: Verdict, language: Language) -> None:
    OUT.print(Text(verdict.sentence.told(language), style="bold"))
    if verdict.side is not None:
        OUT.print(f"side       {verdict.side.value}")
    OUT.print(f"retry      {_retry(verdict.advice)}")
    OUT.print(Text(f"certainty  {verdict.certainty.name.lower()}: {verdict.because.told(language)}"))
    for place, evidence in enumerate(verdict.evidence):
        OUT.print(Text(f"{'evidence' if not place else '':<10} {evidence.says.told(language)}"))


def _retry(advice: Advice) -> str:
    if advice.after_ms is None:
        return "no"
    return f"yes, {length(advice.after_ms)} after the end" if advice.after_ms else "yes, at once"
