"""The rules of a new call that only the database can decide: replay, limits and guards, pending pair, taken serial."""

from __future__ import annotations

import sqlite3

from twoleg.adapters.store.sqlite import recordings, rows
from twoleg.adapters.store.sqlite.guard_counts import count
from twoleg.adapters.store.sqlite.queries import query
from twoleg.application.errors import ApplicationError, IdempotencyConflict, NotFound, SerialTaken
from twoleg.application.ports import Idempotency, Intent, Placed
from twoleg.domain.call import Call
from twoleg.domain.guard_rules import Watch, check_counts
from twoleg.domain.tenant import Refusal, Refused
from twoleg.domain.webhooks import callbacks_of

_IDEMPOTENT_ANSWER = query("idempotent_answer")
_FORGET_IDEMPOTENCY = query("forget_idempotency")
_PUT_IDEMPOTENCY = query("put_idempotency")
_CALLS_SINCE = query("calls_since")
_ADD_CALL = query("add_call")
_ADD_EVENT = query("add_event")
_ADD_CALLBACK_ENDPOINT = query("add_callback_endpoint")

_IDEMPOTENCY_MS = 24 * 60 * 60 * 1000
"""How long an Idempotency-Key stays spent (decisions 3.6)."""

Answer = Placed | Refused | ApplicationError
"""A rule that is broken is an answer too: whatever is not `Placed` has written nothing, so its neighbours in the
transaction are untouched."""


def place(connection: sqlite3.Connection, intent: Intent) -> Answer:
    """Store the call, its first event and its idempotency record, unless a rule says no. Inside a transaction."""
    answer = _replay(connection, intent) or _over_limit(connection, intent) or _add_call(connection, intent)
    if answer is not None:
        return answer
    if intent.record_as is not None:
        recordings.want(
            connection,
            serial=intent.call.serial,
            tenant_id=intent.call.tenant_id,
            audio_format=intent.record_as,
            at=intent.call.created_at,
        )
    if intent.callback_url is not None:
        _provide_for_callback(connection, intent.call)
    connection.execute(_ADD_EVENT, rows.queued_event_row(intent.call))
    if intent.idempotency is not None:
        _remember(connection, intent.call, intent.idempotency)
    return Placed(intent.call.serial)


def _replay(connection: sqlite3.Connection, intent: Intent) -> Answer | None:
    asked = intent.idempotency
    if asked is None:
        return None
    since = intent.call.created_at - _IDEMPOTENCY_MS
    found = connection.execute(_IDEMPOTENT_ANSWER, (intent.call.tenant_id, asked.key, since)).fetchone()
    if found is None:
        return None
    body_hash, serial = found
    if body_hash != asked.body_hash:
        return IdempotencyConflict("this Idempotency-Key came with another body within the last 24 hours")
    return Placed(serial, replayed=True)


def _over_limit(connection: sqlite3.Connection, intent: Intent) -> Answer | None:
    if intent.refused is not None:
        return intent.refused
    limit = intent.calls_a_day
    if limit is not None:
        (placed,) = connection.execute(_CALLS_SINCE, (intent.call.tenant_id, intent.day_start, limit)).fetchone()
        if placed >= limit:
            return Refused(Refusal.TRIAL_LIMIT)
    return None if intent.watch is None else _guarded(connection, intent.call, intent.watch)


def _guarded(connection: sqlite3.Connection, call: Call, watch: Watch) -> Answer | None:
    def ask(sql: str, *parameters: object) -> rows.Row | None:
        row: rows.Row | None = connection.execute(sql, parameters).fetchone()
        return row

    found = count(ask, tenant_id=call.tenant_id, watch=watch, now_ms=call.created_at)
    return check_counts(watch.guards, found)


def _add_call(connection: sqlite3.Connection, intent: Intent) -> Answer | None:
    try:
        connection.execute(_ADD_CALL, rows.call_row(intent))
    except sqlite3.IntegrityError as error:
        match error.sqlite_errorcode:
            case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
                return SerialTaken(f"there is a call {intent.call.serial} already")
            case sqlite3.SQLITE_CONSTRAINT_UNIQUE:  # the index call_pending_pair
                return Refused(Refusal.DUPLICATE)
            case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                return NotFound(f"no tenant {intent.call.tenant_id}")
            case _:
                raise
    return None


def _remember(connection: sqlite3.Connection, call: Call, asked: Idempotency) -> None:
    connection.execute(_FORGET_IDEMPOTENCY, (call.created_at - _IDEMPOTENCY_MS,))
    connection.execute(_PUT_IDEMPOTENCY, (call.tenant_id, asked.key, asked.body_hash, call.serial, call.created_at))


def _provide_for_callback(connection: sqlite3.Connection, call: Call) -> None:
    """Before the call's first event, so that all of them are ahead of the endpoint's cursor."""
    endpoint_id = callbacks_of(call.tenant_id)
    served = {"endpoint_id": endpoint_id, "tenant_id": call.tenant_id, "created_at": call.created_at}
    connection.execute(_ADD_CALLBACK_ENDPOINT, served)
