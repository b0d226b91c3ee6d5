"""A carrier platform's own record of a call, pushed to us: kept as a fact of the call, and it moves nothing.

The engine knows by SIP what became of the call; what somebody else says of it is told after the end, as
`call.reported`.
"""

from __future__ import annotations

from typing import Protocol

from twoleg.domain.values import Value


class Report(Value, frozen=True, gc=False, kw_only=True):
    """What was pushed."""

    tenant_id: str
    serial: int
    at: int
    """When it came: ms since the epoch."""
    cause: int | None
    """The Q.850 cause of the end by that record, 1-127."""
    detail: str
    """The rest of it, in one line for people."""


class CallReports(Protocol):
    """Where reports enter."""

    async def add(self, report: Report) -> bool:
        """Keep it durably; False: not a call of this tenant, be it another's or nobody's.

        The first report of a call counts, and a repeat is harmless. It becomes the event `call.reported`: at once when
        the call has ended, else in the transaction that ends it. Raises `StoreUnavailable`.
        """
