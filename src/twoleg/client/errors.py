"""What can go wrong for a user of the SDK.

```
TwolegError
├── ConnectionFailed    no answer: refused, cut off, timed out. `unsent`: the request never left
├── Unauthorized        401: the app key or its secret is wrong, or the app is disabled
├── TooManyRequests     429: `retry_after` seconds
├── ServiceFailed       5xx: theirs; `detail` carries a correlation id that is in the service's log
├── UnexpectedAnswer    an answer that the interface does not know: a proxy's page, another service
├── Refused             the service understood and said no: `code`, `detail`, and what it says of `member` and `rule`
│   ├── NotFound        404: no such call, or somebody else's
│   └── Conflict        409: the same pair is waiting or ringing; an Idempotency-Key with another body
├── CallEnded           a call ended before it came to what was waited for: `facts` says why
├── WaitTimeout         a call did not come to what was waited for in time (also a `TimeoutError`)
└── WebhookRejected     a callback that is not the service's, or too old
```

`code` is the last part of the problem's type on the native face ("not-found"), the retCode on the compatible one ("5").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twoleg.client.models import CallFacts


class TwolegError(Exception):
    """Base of all errors of the SDK."""


class ConnectionFailed(TwolegError):
    """No answer came."""

    def __init__(self, detail: str, *, unsent: bool = False) -> None:
        super().__init__(detail)
        self.unsent = unsent
        """True: there was no connection, so nothing can have happened."""


class Unauthorized(TwolegError):
    """The credentials do not open this door."""


class TooManyRequests(TwolegError):
    """Asked too often."""

    def __init__(self, detail: str, *, retry_after: float | None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        """Seconds; None: the service did not say."""


class ServiceFailed(TwolegError):
    """The service failed, or something before it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"HTTP {status}: {detail}")
        self.status = status
        self.detail = detail


class UnexpectedAnswer(TwolegError):
    """The answer is not what the interface says."""


class Refused(TwolegError):
    """The service said no."""

    def __init__(self, code: str, detail: str, *, member: str | None = None, rule: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.member = member
        """The member, parameter or header at fault, where the service names one."""
        self.rule = rule
        """The tenant's rule that refused, where it was one."""


class NotFound(Refused):
    """No such call for this app."""


class Conflict(Refused):
    """The request contradicts an earlier one."""


class CallEnded(TwolegError):
    """The call ended before it came to the state that was waited for."""

    def __init__(self, facts: CallFacts) -> None:
        super().__init__(f"call {facts.serial} ended: {facts.reason_text} (reason {facts.reason}, Q.850 {facts.cause})")
        self.facts = facts


class WaitTimeout(TwolegError, TimeoutError):
    """The call did not come to that state in time; it lives on."""


class WebhookRejected(TwolegError):
    """Do not trust this callback."""
