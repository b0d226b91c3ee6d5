"""Between the domain's values and the columns of queries.sql; positions here and there belong together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.json import Decoder, encode

from twoleg.application.ports import App, Intent, TrunkState
from twoleg.domain.call import Attempt, Call, EndedBy, Leg, Phase, Role
from twoleg.domain.cdr import Cdr
from twoleg.domain.events import Event, EventType
from twoleg.domain.guards import NO_GUARDS, Guards
from twoleg.domain.media import MediaMode
from twoleg.domain.reasons import Reason
from twoleg.domain.recording import AudioFormat, RecordingPolicy
from twoleg.domain.tenant import Profile, Tenant

Row = Sequence[Any]
"""What SQLite takes and gives: int, str, bytes or None in each place, as the STRICT tables guarantee."""

_LEG_FACTS = 9
_GUARDS = Decoder(Guards)


def call_row(intent: Intent) -> Row:
    """For `add_call`."""
    call = intent.call
    return (
        call.serial,
        call.tenant_id,
        call.phase,
        call.reason,
        call.cause,
        call.agent.number,
        call.customer.number,
        call.customer.clip,
        call.agent.clip,
        call.call_data,
        call.created_at,
        call.started_at,
        call.talking_at,
        call.ended_at,
        call.seq,
        intent.callback_url,
        intent.agent_work_no,
        None if call.media is None else call.media.value,
        call.must_end_by,
    )


def queued_event_row(call: Call) -> Row:
    """For `add_event`: the first event of each call."""
    queued = Event(serial=call.serial, seq=call.seq, at=call.created_at, type=EventType.CALL_QUEUED)
    return event_row(queued, tenant_id=call.tenant_id)


def progress_row(call: Call) -> Row:
    """For `update_call`: what the machine changes of a call."""
    return (
        call.phase,
        call.reason,
        call.cause,
        call.started_at,
        call.talking_at,
        call.ended_at,
        call.seq,
        call.serial,
    )


def leg_row(serial: int, leg: Leg) -> Row:
    """For `put_leg`."""
    return (serial, leg.role.value, *_leg_facts(leg))


def attempt_row(serial: int, role: Role, attempt: Attempt) -> Row:
    """For `put_attempt`."""
    return (
        serial,
        role.value,
        attempt.number,
        attempt.trunk,
        attempt.peer,
        attempt.dialled,
        attempt.shown,
        attempt.started_at,
        attempt.ended_at,
        attempt.sip_status,
        attempt.sip_reason,
        attempt.cause,
    )


def event_row(event: Event, *, tenant_id: str) -> Row:
    """For `add_event`."""
    return (
        tenant_id,
        event.serial,
        event.seq,
        event.at,
        event.type.value,
        None if event.leg is None else event.leg.value,
        event.sip_status,
        event.sip_reason,
        event.cause,
        event.reason,
        event.detail,
    )


def cdr_row(cdr: Cdr) -> Row:
    """For `put_cdr`."""
    return (
        cdr.serial,
        cdr.tenant_id,
        cdr.agent.number,
        cdr.customer.number,
        cdr.customer.clip,
        cdr.agent.clip,
        cdr.call_data,
        cdr.created_at,
        cdr.started_at,
        cdr.talking_at,
        cdr.ended_at,
        cdr.reason,
        cdr.cause,
        *_leg_facts(cdr.agent),
        *_leg_facts(cdr.customer),
    )


def _leg_facts(leg: Leg) -> Row:
    return (
        leg.dialled_at,
        leg.ringing_at,
        leg.early_media_at,
        leg.answered_at,
        leg.released_at,
        leg.sip_status,
        leg.sip_reason,
        leg.cause,
        None if leg.ended_by is None else leg.ended_by.value,
    )


def call_from(row: Row) -> Call:
    """Of a row of the view `whole_call`."""
    serial, tenant_id, phase, reason, cause, caller, called, caller_present, agent_present, call_data, *rest = row
    created_at, started_at, talking_at, ended_at, seq, media, must_end_by, *facts, listed = rest
    attempts = _attempts_from(listed)
    return Call(
        serial=serial,
        tenant_id=tenant_id,
        agent=_leg_from(Role.AGENT, caller, agent_present, facts[:_LEG_FACTS], attempts),
        customer=_leg_from(Role.CUSTOMER, called, caller_present, facts[_LEG_FACTS:], attempts),
        created_at=created_at,
        phase=Phase(phase),
        call_data=call_data,
        started_at=started_at,
        talking_at=talking_at,
        ended_at=ended_at,
        reason=None if reason is None else Reason(reason),
        cause=cause,
        seq=seq,
        media=None if media is None else MediaMode(media),
        must_end_by=must_end_by,
    )


def _attempts_from(listed: str) -> dict[str, tuple[Attempt, ...]]:
    """By role, in order; most calls that are read have none, for they have just been queued."""
    if listed == "[]":
        return {}
    found: dict[str, list[Attempt]] = {}
    for role, *facts in json.loads(listed):
        found.setdefault(role, []).append(Attempt(*facts))
    return {role: tuple(sorted(tries, key=lambda each: each.number)) for role, tries in found.items()}


def _leg_from(role: Role, number: str, clip: str, facts: Row, attempts: Mapping[str, tuple[Attempt, ...]]) -> Leg:
    dialled_at, ringing_at, early_media_at, answered_at, released_at, sip_status, sip_reason, cause, ended_by = facts
    return Leg(
        role=role,
        number=number,
        clip=clip,
        dialled_at=dialled_at,
        ringing_at=ringing_at,
        early_media_at=early_media_at,
        answered_at=answered_at,
        released_at=released_at,
        sip_status=sip_status,
        sip_reason=sip_reason,
        cause=cause,
        ended_by=None if ended_by is None else EndedBy(ended_by),
        attempts=attempts.get(role.value, ()),
    )


def tenant_row(tenant: Tenant, *, at: int) -> Row:
    """For `add_tenant`."""
    return (tenant.tenant_id, *_tenant_rules(tenant), at)


def changed_tenant_row(tenant: Tenant) -> Row:
    """For `change_tenant`."""
    return (*_tenant_rules(tenant), tenant.tenant_id)


def _tenant_rules(tenant: Tenant) -> Row:
    return (
        tenant.name,
        tenant.profile.value,
        _listed(tenant.access_codes),
        tenant.transparent_display,
        None if tenant.phones is None else _listed(tenant.phones),
        _listed(tenant.callback_hosts),
        tenant.trial,
        _listed(tenant.trial_phones),
        tenant.retention_days,
        tenant.recording.value,
        tenant.recording_days,
        tenant.recording_format.value,
        None if tenant.guards == NO_GUARDS else encode(tenant.guards).decode(),
    )


def tenant_from(row: Row) -> Tenant:
    """Of a row of `tenant` or `tenants`."""
    tenant_id, name, profile, access_codes, transparent, phones, hosts, trial, trial_phones, retention_days, *rest = row
    recording, recording_days, recording_format, guards, has_do_not_call = rest
    return Tenant(
        tenant_id=tenant_id,
        name=name,
        profile=Profile(profile),
        access_codes=_unlisted(access_codes),
        transparent_display=bool(transparent),
        phones=None if phones is None else _unlisted(phones),
        callback_hosts=_unlisted(hosts),
        trial=bool(trial),
        trial_phones=_unlisted(trial_phones),
        retention_days=retention_days,
        recording=RecordingPolicy(recording),
        recording_days=recording_days,
        recording_format=AudioFormat(recording_format),
        guards=NO_GUARDS if guards is None else _GUARDS.decode(guards),
        has_do_not_call=bool(has_do_not_call),
    )


def app_row(app: App) -> Row:
    """For `add_app`. An app that is added disabled was disabled when it was created."""
    return (app.app_key, app.tenant_id, app.secret_hash, app.created_at, None if app.enabled else app.created_at)


def app_from(row: Row) -> App:
    """Of a row of `app` or `apps`."""
    app_key, tenant_id, secret_hash, enabled, created_at = row
    return App(
        app_key=app_key, tenant_id=tenant_id, secret_hash=secret_hash, enabled=bool(enabled), created_at=created_at
    )


def trunk_state_row(state: TrunkState) -> Row:
    """For `put_trunk_state`."""
    return (state.name, state.is_up, state.why, state.changed_at)


def trunk_state_from(row: Row) -> TrunkState:
    """Of a row of `trunk_states`."""
    name, is_up, why, changed_at = row
    return TrunkState(name=name, is_up=bool(is_up), why=why, changed_at=changed_at)


def _listed(values: Iterable[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _unlisted(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
