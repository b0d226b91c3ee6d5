"""What a phone's trace says: the story of a call in short words, repeats told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.sipp import Direction

if TYPE_CHECKING:
    from interop.sipp import Sipp, TracedMessage


def story(phone: Sipp) -> list[str]:
    """What it heard and said, in order: `INVITE`, `-> 180`, `-> 200`, `ACK`; what it said after an arrow."""
    return [_word(message) for message in once(phone.messages())]


def heard(phone: Sipp) -> list[str]:
    """What it heard: methods, and statuses with the method they answer (`200 BYE`)."""
    return [_word(message) for message in once(phone.messages()) if message.direction is Direction.RECEIVED]


def once(messages: list[TracedMessage]) -> list[TracedMessage]:
    """Without retransmissions: on a busy machine a timer of 500 ms may run out before the answer is read."""
    seen = set()
    kept = []
    for message in messages:
        known_by = (message.direction, message.start_line, message.header("CSeq"), message.header("Via"))
        if known_by not in seen:
            seen.add(known_by)
            kept.append(message)
    return kept


def requests(phone: Sipp, method: str) -> list[TracedMessage]:
    """The requests of that method that it heard, each once."""
    return [message for message in once(phone.received(f"{method} ")) if message.status is None]


def only(phone: Sipp, method: str) -> TracedMessage:
    """The one request of that method that it heard."""
    (found,) = requests(phone, method)
    return found


def media(message: TracedMessage) -> tuple[int, str]:
    """Port and direction of the audio that a message describes; sendrecv where it does not say (RFC 3264 5.1)."""
    lines = [line.strip() for line in message.body.splitlines()]
    (port,) = (int(line.split()[1]) for line in lines if line.startswith("m=audio "))
    named = [line[2:] for line in lines if line in ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")]
    return port, named[0] if named else "sendrecv"


def media_host(message: TracedMessage) -> str:
    """Where it wants to be sent audio: the address of its (first) c= line."""
    return next(line.split()[-1] for line in message.body.splitlines() if line.startswith("c="))


def sdp_version(message: TracedMessage) -> int:
    """The version of its o= line."""
    return next(int(line.split()[2]) for line in message.body.splitlines() if line.startswith("o="))


def _word(message: TracedMessage) -> str:
    word = message.method if message.status is None else f"{message.status}"
    if message.direction is Direction.SENT:
        return f"-> {word}"
    return word if message.status is None else f"{word} {message.method}"
