"""Use case: what is the state of call N, and if it ended, why?"""

from __future__ import annotations

from twoleg.application.ports import CallReader, CallStatus

LARGEST_SERIAL = 2**63 - 1


def query_call_state(reader: CallReader, *, serial: int, tenant_id: str) -> CallStatus | None:
    """The call's status; None when it is no call of this tenant, be it another's or nobody's."""
    if not 0 < serial <= LARGEST_SERIAL:
        return None
    return reader.status(serial, tenant_id)
