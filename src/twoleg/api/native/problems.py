"""Every refusal of the native face: a problem document (RFC 9457) with a stable type and the member at fault."""

from __future__ import annotations

from enum import Enum, unique
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import encode

from twoleg.api.http import Answer, HttpError
from twoleg.application.admission import Closed, NotAdmitted

PROBLEM_JSON = b"application/problem+json"
TYPE_BASE = "/problems/"


@unique
class Kind(Enum):
    """The types of problem: what clients may decide by. Value: last part of the type's URI, title, status."""

    BAD_REQUEST = ("bad-request", "The request cannot be read", 400)
    BAD_MEMBER = ("bad-member", "A member or parameter has a wrong value", 400)
    OVER_LIMIT = ("over-limit", "A member or parameter is over its limit", 400)
    UNAUTHORIZED = ("unauthorized", "The credentials do not open this door", 401)
    NOT_FOUND = ("not-found", "There is no such thing", 404)
    METHOD_NOT_ALLOWED = ("method-not-allowed", "This path takes other methods", 405)
    CONFLICT = ("conflict", "The request contradicts an earlier one", 409)
    REFUSED = ("refused", "A rule of the tenant refuses this", 422)
    TOO_MANY_REQUESTS = ("too-many-requests", "Too many requests at once", 429)
    INTERNAL = ("internal-error", "We failed", 500)
    UNAVAILABLE = ("unavailable", "The store is unavailable: nothing was changed", 503)
    STOPPING = ("stopping", "The service is being stopped", 503)
    OVERLOADED = ("overloaded", "The service is at its limit", 503)

    @property
    def title(self) -> str:
        """The same words each time."""
        return self.value[1]

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        return self.value[2]

    @property
    def uri(self) -> str:
        """The `type`, a reference relative to the service."""
        return TYPE_BASE + self.value[0]


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """A refusal (RFC 9457, section 3.1)."""

    type: Annotated[str, Meta(description="Stable: `/problems/not-found` and the like. Decide by this.")]
    title: Annotated[str, Meta(description="The same for each problem of the type.")]
    status: Annotated[int, Meta(description="The HTTP status.")]
    detail: Annotated[str, Meta(description="What was wrong with this very request, in plain text.")]
    instance: Annotated[str, Meta(description="The path that was asked.")]
    member: Annotated[str | None, Meta(description="The member, parameter or header at fault.")] = None
    limit: Annotated[int | None, Meta(description="The largest value that is taken, where one was exceeded.")] = None
    rule: Annotated[str | None, Meta(description="The name of the tenant's rule that refused.")] = None


class Problem(HttpError):
    """Raised by handlers; becomes the answer."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        member: str | None = None,
        limit: int | None = None,
        rule: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(kind.status, detail, headers=headers)
        self.kind = kind
        self.member = member
        self.limit = limit
        self.rule = rule


_BY_STATUS = {kind.status: kind for kind in reversed(Kind)}
"""What HTTP itself turns down; of several kinds with one status the first."""


_CLOSED = {Closed.STOPPING: Kind.STOPPING, Closed.OVERLOADED: Kind.OVERLOADED}


def not_admitted(closed: NotAdmitted) -> Problem:
    """No new call is taken: 503 and Retry-After, on every face in its own words."""
    return Problem(_CLOSED[closed.why], str(closed), headers=((b"retry-after", b"%d" % closed.retry_after),))


def problem_answer(error: HttpError, *, path: str) -> Answer:
    """The error as the answer of a request for that path."""
    return Answer(encode(_details(error, path)), error.status, error.headers, PROBLEM_JSON)


def problem_sample(path: str, status: int, detail: str) -> ProblemDetails:
    """What a refusal with that status looks like."""
    return _details(HttpError(status, detail), path)


def _details(error: HttpError, path: str) -> ProblemDetails:
    problem = error if isinstance(error, Problem) else Problem(_BY_STATUS.get(error.status, Kind.INTERNAL), error.text)
    return ProblemDetails(
        type=problem.kind.uri,
        title=problem.kind.title,
        status=error.status,
        detail=error.text,
        instance=path,
        member=problem.member,
        limit=problem.limit,
        rule=problem.rule,
    )


def not_found(what: str = "call") -> Problem:
    """Nothing of that name for this tenant, be it another's or nobody's."""
    return Problem(Kind.NOT_FOUND, f"there is no such {what}")


def over_limit(member: str, limit: int, detail: str) -> Problem:
    """More than is taken."""
    return Problem(Kind.OVER_LIMIT, detail, member=member, limit=limit)


def bad_member(member: str, detail: str) -> Problem:
    """A value that the member cannot have."""
    return Problem(Kind.BAD_MEMBER, detail, member=member)
