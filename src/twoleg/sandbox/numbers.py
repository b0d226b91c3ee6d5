"""Which number does what.  The one table: phones follow it, the README shows it, and the tests go through it."""

from __future__ import annotations

from typing import Final

from twoleg.sandbox.behaviour import Answer, Behaviour, Cue, HangUp, Refuse, Ring
from twoleg.sip.errors import SipParseError
from twoleg.sip.headers import Reason
from twoleg.sip.uri import TelUri, parse_uri

_RINGS: Final = Cue(0, Ring())
_ANSWERS_AFTER_1_S: Final = (_RINGS, Cue(1, Answer()))

# Q.850 table 1: 16 normal call clearing, 34 no circuit/channel available.
_NORMAL_CLEARING: Final = Reason("Q.850", 16, "Normal call clearing")
_NO_CIRCUIT: Final = Reason("Q.850", 34, "No circuit/channel available")

OTHERS: Final = Behaviour("rings, answers after 1 s and stays until the other end hangs up", _ANSWERS_AFTER_1_S)
"""What every number does that ends in none of `NUMBERS`."""

NUMBERS: Final[dict[str, Behaviour]] = {
    "55500200": Behaviour("rings, answers after 1 s and stays until the other end hangs up", _ANSWERS_AFTER_1_S),
    "55500002": Behaviour(
        "rings, answers after 1 s, hangs up 2 s later with `Reason: Q.850;cause=16`",
        (*_ANSWERS_AFTER_1_S, Cue(3, HangUp(_NORMAL_CLEARING))),
    ),
    "55500180": Behaviour(
        "slow: rings after 2 s (180), answers after 5 s and stays", (Cue(2, Ring()), Cue(5, Answer()))
    ),
    "55500183": Behaviour(
        "early media at once (183 with a session description), answers after 2 s and stays",
        (Cue(0, Ring(183, is_early_media=True)), Cue(2, Answer())),
    ),
    "55500407": Behaviour(
        "asks for a digest password (407; user `sandbox`, password `sandbox`), then rings, answers after 1 s and stays",
        _ANSWERS_AFTER_1_S,
        wants_password=True,
    ),
    "55500408": Behaviour("rings (180) and never answers", (_RINGS,)),
    "55500481": Behaviour("rings (180), gives up after 1 s: 480", (_RINGS, Cue(1, Refuse(480)))),
    "55500487": Behaviour(
        "rings (180) and never answers, but takes off exactly when it is cancelled: its 200 crosses the CANCEL",
        (_RINGS,),
        answers_cancel=True,
    ),
    "55500404": Behaviour("no such number: 404 at once", (Cue(0, Refuse(404)),)),
    "55500480": Behaviour("temporarily unavailable: 480 at once, without ringing", (Cue(0, Refuse(480)),)),
    "55500486": Behaviour("busy: 486 at once", (Cue(0, Refuse(486)),)),
    "55500503": Behaviour(
        "no circuit: 503 with `Reason: Q.850;cause=34` at once",
        (Cue(0, Refuse(503, _NO_CIRCUIT)),),
    ),
    "55500603": Behaviour("rejects: 603 at once", (Cue(0, Refuse(603)),)),
    "55500000": Behaviour("black hole: never responds at all, not even 100", is_deaf=True),
}
"""Behaviour by the last 8 digits, so that any prefix works."""

_LENGTH: Final = 8
_DEAF: Final = tuple([ending.encode() for ending, behaviour in NUMBERS.items() if behaviour.is_deaf])


def number_of(uri: str) -> str:
    """The number that a Request-URI calls: its user part, or what a tel URI holds; "" when there is none."""
    try:
        parsed = parse_uri(uri)
    except SipParseError:
        return ""
    number = parsed.number if isinstance(parsed, TelUri) else parsed.user or ""
    return number.partition(";")[0]


def behaviour_of(number: str) -> Behaviour:
    """What the phone with this number does."""
    return NUMBERS.get(number[-_LENGTH:], OTHERS)


def is_for_the_deaf(message: bytes) -> bool:
    """Whether this is a request to a number that hears nothing."""
    line = message.partition(b"\r\n")[0]
    if line.startswith(b"SIP/") or not any(ending in line for ending in _DEAF):
        return False
    words = line.decode("utf-8", "replace").split(" ")
    return len(words) > 1 and behaviour_of(number_of(words[1])).is_deaf


def numbers_table() -> list[tuple[str, str]]:
    """Rows for people: what the number ends in, and what that phone does; the last row is for all others."""
    return [*((ending, behaviour.says) for ending, behaviour in NUMBERS.items()), ("any other", OTHERS.says)]


def numbers_markdown() -> str:
    """The same as a Markdown table, ending in a line break."""
    rows = [f"| {f'`{ending}`' if ending.isdigit() else ending} | {says} |\n" for ending, says in numbers_table()]
    return "".join(["| Number ends in | What the phone does |\n", "|---|---|\n", *rows])
