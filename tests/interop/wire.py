"""What a phone's trace says: the story of a call in short words, repeats told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.sipp import Direction, once

__all__ = ["heard", "media", "media_host", "once", "only", "requests", "sdp_version", "story"]

if TYPE_CHECKING:
    from interop.sipp import Sipp, TracedMessage


def story(phone: Sipp) -> list[str]:
    """What it heard and said, in order: `INVITE`, `-> 180`, `-> 200`, `ACK`; what it said after an arrow."""
    return [message.word for message in once(phone.messages())]


def heard(phone: Sipp) -> list[str]:
    """What it heard: methods, and statuses with the method they answer (`200 BYE`)."""
    return [message.word for message in once(phone.messages()) if message.direction is Direction.RECEIVED]


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
