"""A request and its answer as values, the flows that are made of them, and which error an answer is.

A flow is a generator that yields what it wants done (`Send`, `Pause`) and is given what came of it. So everything that
the SDK decides is written once; the clients only do, one by blocking and one by awaiting.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from twoleg.client.errors import (
    Conflict,
    NotFound,
    Refused,
    ServiceFailed,
    TooManyRequests,
    TwolegError,
    Unauthorized,
    UnexpectedAnswer,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    stream: Any = None
    """The open response, where a stream was asked for and given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[T]):
    """One thing to ask of the service."""

    method: str
    path: str
    decode: Callable[[Reply], T]
    """Makes the result of an answer below 400; raises `TwolegError`."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    repeatable: bool = True
    """Whether asking twice does no more than asking once."""
    patience: float = 0.0
    """Seconds that the service may take on purpose, beside the client's timeout."""
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Send this operation with these headers; answered by a `Reply`, or by `ConnectionFailed` thrown in."""

    operation: Operation[Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so many seconds; answered by None."""

    seconds: float


Flow = Generator[Send | Pause, Any, T]


class _Problem(Struct, frozen=True, rename="camel"):
    """A refusal, whichever face words it: the native one (RFC 9457) or the compatible one."""

    type: Any = None
    detail: Any = None
    member: Any = None
    rule: Any = None
    ret_msg: Any = None

    @classmethod
    def of(cls, reply: Reply) -> _Problem:
        """What the body says; of one that is no JSON object, its beginning."""
        try:
            return _PROBLEM.decode(reply.body)
        except (DecodeError, UnicodeDecodeError, RecursionError):
            return cls(detail=reply.body[:200].decode("utf-8", "replace").strip())

    def text(self, *members: str) -> str | None:
        """The first of these members that is a text and not empty."""
        values = (getattr(self, member) for member in members)
        return next((value for value in values if isinstance(value, str) and value), None)


_PROBLEM = Decoder(_Problem)


def error_of(reply: Reply) -> TwolegError:
    """The error that an answer of 400 or more is."""
    problem = _Problem.of(reply)
    detail = problem.text("detail", "ret_msg") or f"HTTP {reply.status}"
    if reply.status == 401:
        return Unauthorized(detail)
    if reply.status == 429:
        return TooManyRequests(detail, retry_after=retry_after(reply))
    if reply.status >= 500:
        return ServiceFailed(reply.status, detail)
    code = (problem.text("type") or "").rpartition("/")[2] or str(reply.status)
    kind = {404: NotFound, 409: Conflict}.get(reply.status, Refused)
    return kind(code, detail, member=problem.text("member"), rule=problem.text("rule"))


def retry_after(reply: Reply) -> float | None:
    """Seconds of the Retry-After header, where it is a number (RFC 9110 10.2.3)."""
    given = reply.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def decoded(decoder: Decoder[T], body: bytes) -> T:
    """The body as the decoder's type. Raises `UnexpectedAnswer`."""
    try:
        return decoder.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:  # also of a wrong type
        raise UnexpectedAnswer(f"the service answered something else than expected: {error}") from error
