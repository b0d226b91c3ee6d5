"""The vendor's interface, blocking: `client.compatible`. Its twin is `async_compatible`."""

from __future__ import annotations

from typing import Protocol, TypeVar

from twoleg.client import aicc, wanted
from twoleg.client.exchange import Operation
from twoleg.client.wanted import Moment

T = TypeVar("T")


class Performs(Protocol):
    """A client."""

    def perform(self, operation: Operation[T]) -> T:
        """Ask for one thing."""


class Compatible:
    """`client.compatible`: the interface of the vendor's pages, for this service and for the vendor's own."""

    def __init__(self, client: Performs) -> None:
        self._client = client

    def create_call(  # noqa: PLR0913 - a call has that many parts, all named
        self,
        caller: str,
        called: str,
        *,
        call_data: str | None = None,
        caller_present: str | None = None,
        agent_present: str | None = None,
        agent_work_no: int | None = None,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """CreateCall v1; the serial. `callback_url` as it is, not in Base64.

        Only with a key, which the vendor's own service does not know, is it repeated when no answer comes. Raises
        `Refused` with the retCode as `code`.
        """
        order = aicc.OrderV1(
            caller=caller,
            called=called,
            call_data=call_data,
            caller_present=caller_present,
            agent_present=agent_present,
            agent_work_no=agent_work_no,
            call_back_url=wanted.callback(callback_url),
        )
        return self._client.perform(aicc.create_call(order, key=idempotency_key))

    def create_call_v3(
        self,
        soft_phone: str,
        called: str,
        *,
        caller: str | None = None,
        call_data: str | None = None,
        caller_present: str | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """CreateCall v3; the serial. As `create_call`."""
        order = aicc.OrderV3(
            soft_phone=soft_phone, called=called, caller=caller, call_data=call_data, caller_present=caller_present
        )
        return self._client.perform(aicc.create_call(order, key=idempotency_key))

    def query_call_state(self, serial: str) -> aicc.CallStatus:
        """Raises `Refused`: code "1" no such call, "3" no serial."""
        return self._client.perform(aicc.query_state(serial))

    def query_call_detail_record(
        self,
        since: Moment,
        until: Moment,
        *,
        caller: str | None = None,
        task_type: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> aicc.RecordPage:
        """Calls that began between `since` and `until`, at most 7 days apart; an empty page when there were none."""
        return self._client.perform(
            aicc.query_records(
                aicc.RecordsWanted(
                    start_time=str(wanted.milliseconds(since)),
                    end_time=str(wanted.milliseconds(until)),
                    offset=str(offset),
                    limit=str(limit),
                    caller=caller,
                    task_type=None if task_type is None else str(task_type),
                )
            )
        )
