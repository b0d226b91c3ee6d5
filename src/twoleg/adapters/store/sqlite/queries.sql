-- All SQL of this store, by name. A block begins with its name and ends where the next one begins.
-- Parameters are positional; the order is the one of the row builders in rows.py.

-- ---------------------------------------------------------------------------------------------- connections

-- name: use_write_ahead_log
PRAGMA journal_mode = WAL

-- name: writer_settings
-- FULL: a commit is on the disk before it is acknowledged. Copying the write-ahead log back into the file holds up the
-- commit that does it for some 20 ms; at 16000 pages (64 MB) that is one commit in a few thousand, and a page that many
-- commits touched is copied once.
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA wal_autocheckpoint = 16000;
PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -16384;

-- name: reader_settings
-- The file is not mapped into memory: it would save one or two microseconds of a lookup, and a sector that cannot be
-- read would end the process (SIGBUS) where it is an error that one request is told of.
PRAGMA query_only = ON;
PRAGMA cache_size = -16384;
PRAGMA mmap_size = 0;

-- name: begin
BEGIN IMMEDIATE

-- name: begin_reading
BEGIN DEFERRED

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- ---------------------------------------------------------------------------------------------- migrations

-- name: migration_settings
-- Rebuilding a table that others refer to needs this off (sqlite.org/lang_altertable.html, section 7).
PRAGMA foreign_keys = OFF

-- name: tables
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'

-- name: create_migration_table
CREATE TABLE migration (
    number     INTEGER PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    checksum   TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT

-- name: applied_migrations
SELECT number, name, checksum FROM migration ORDER BY number

-- name: add_migration
INSERT INTO migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)

-- ---------------------------------------------------------------------------------------------- placing a call

-- name: idempotent_answer
SELECT body_hash, serial FROM idempotency WHERE tenant_id = ? AND key = ? AND placed_at > ?

-- name: calls_since
SELECT count(*) FROM (SELECT 1 FROM call WHERE tenant_id = ? AND created_at >= ? LIMIT ?)

-- name: add_call
INSERT INTO call (
    serial, tenant_id, phase, reason, cause, caller, called, caller_present, agent_present, call_data,
    created_at, started_at, talking_at, ended_at, seq, callback_url, agent_work_no, media, must_end_by
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: put_idempotency
INSERT OR REPLACE INTO idempotency (tenant_id, key, body_hash, serial, placed_at) VALUES (?, ?, ?, ?, ?)

-- name: forget_idempotency
DELETE FROM idempotency WHERE (tenant_id, key) IN (
    SELECT tenant_id, key FROM idempotency WHERE placed_at <= ? ORDER BY placed_at LIMIT 20
)

-- name: request_hangup
INSERT INTO hangup_request (serial, requested_at)
SELECT serial, ? FROM call WHERE serial = ? AND phase < 4
ON CONFLICT (serial) DO NOTHING

-- ---------------------------------------------------------------------------------------------- the engine's steps

-- name: update_call
UPDATE call SET phase = ?, reason = ?, cause = ?, started_at = ?, talking_at = ?, ended_at = ?,
    seq = max(seq, ?)
WHERE serial = ?

-- name: update_seq
-- Nothing else of a call changes within its phase; this leaves its indices alone. What the recorder told after the end
-- counts too, though the engine knows nothing of it.
UPDATE call SET seq = max(seq, ?) WHERE serial = ?

-- name: put_leg
INSERT OR REPLACE INTO leg (
    serial, role, dialled_at, ringing_at, early_media_at, answered_at, released_at, sip_status, sip_reason, cause, ended_by
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: put_attempt
INSERT OR REPLACE INTO leg_attempt (
    serial, role, number, trunk, peer, dialled, shown, started_at, ended_at, sip_status, sip_reason, cause
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: add_event
INSERT INTO event (tenant_id, serial, seq, at, type, leg, sip_status, sip_reason, cause, reason, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: put_cdr
INSERT OR REPLACE INTO cdr (
    serial, tenant_id, caller, called, caller_present, agent_present, call_data,
    created_at, started_at, talking_at, ended_at, reason, cause,
    agent_dialled_at, agent_ringing_at, agent_early_media_at, agent_answered_at, agent_released_at,
    agent_sip_status, agent_sip_reason, agent_cause, agent_ended_by,
    customer_dialled_at, customer_ringing_at, customer_early_media_at, customer_answered_at, customer_released_at,
    customer_sip_status, customer_sip_reason, customer_cause, customer_ended_by
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: put_leg_on_wire
INSERT OR REPLACE INTO leg_on_wire (serial, role, number, record) VALUES (?, ?, ?, ?)

-- name: forget_leg_on_wire
DELETE FROM leg_on_wire WHERE serial = ? AND role = ?

-- name: legs_on_wire
SELECT serial, role, number, record FROM leg_on_wire ORDER BY serial, role, number

-- name: ended_calls_on_wire
SELECT * FROM whole_call WHERE phase = 4 AND serial IN (SELECT serial FROM leg_on_wire) ORDER BY serial

-- name: forget_hangup
DELETE FROM hangup_request WHERE serial = ?

-- name: late_calls
SELECT serial FROM call WHERE phase < 4 AND must_end_by < ? ORDER BY must_end_by LIMIT 100

-- name: notice_overdue
INSERT INTO overdue_call (serial, noticed_at) VALUES (?, ?) ON CONFLICT (serial) DO NOTHING

-- name: close_overdue
INSERT INTO overdue_call (serial, noticed_at, closed_at) VALUES (?, ?, ?)
ON CONFLICT (serial) DO UPDATE SET closed_at = excluded.closed_at

-- name: count_overdue
SELECT count(*) FROM overdue_call

-- name: overdue_calls
SELECT serial FROM overdue_call

-- name: overruled_calls
SELECT serial FROM overdue_call WHERE closed_at IS NOT NULL

-- name: hangup_requests
SELECT serial FROM hangup_request ORDER BY requested_at, serial

-- ---------------------------------------------------------------------------------------------- reading calls

-- name: status
SELECT phase, reason, cause, caller, called, caller_present, agent_present, call_data, started_at, ended_at
FROM call WHERE serial = ? AND tenant_id = ?

-- name: call
SELECT * FROM whole_call WHERE serial = ?

-- name: queued_calls
-- The columns of whole_call. Nobody was dialled yet, so there are no facts of legs to look for.
SELECT
    serial, tenant_id, phase, reason, cause, caller, called, caller_present, agent_present, call_data,
    created_at, started_at, talking_at, ended_at, seq, media, must_end_by,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    '[]'
FROM call WHERE phase = 0 ORDER BY serial

-- name: live_calls
SELECT * FROM whole_call WHERE phase BETWEEN 1 AND 3 ORDER BY serial

-- ---------------------------------------------------------------------------------------------- the event feed

-- name: newest_position
-- The highest position that was ever given: it stays when the event itself is purged.
SELECT seq FROM sqlite_sequence WHERE name = 'event'

-- name: events_after
SELECT
    e.position, e.tenant_id, c.caller, c.called, c.call_data,
    e.serial, e.seq, e.at, e.type, e.leg, e.sip_status, e.sip_reason, e.cause, e.reason, e.detail
FROM event AS e JOIN call AS c ON c.serial = e.serial
WHERE e.position > ? ORDER BY e.position LIMIT ?

-- name: events_of_tenant
SELECT
    e.position, e.tenant_id, c.caller, c.called, c.call_data,
    e.serial, e.seq, e.at, e.type, e.leg, e.sip_status, e.sip_reason, e.cause, e.reason, e.detail
FROM event AS e JOIN call AS c ON c.serial = e.serial
WHERE e.tenant_id = ? AND e.position > ? ORDER BY e.position LIMIT ?

-- name: events_of_call
SELECT
    e.position, e.tenant_id, c.caller, c.called, c.call_data,
    e.serial, e.seq, e.at, e.type, e.leg, e.sip_status, e.sip_reason, e.cause, e.reason, e.detail
FROM event AS e JOIN call AS c ON c.serial = e.serial
WHERE e.serial = ? AND e.seq > ? ORDER BY e.seq LIMIT ?

-- name: event_position
SELECT position FROM event WHERE serial = ? AND seq = ? AND tenant_id = ?

-- name: newest_event_of_tenant
SELECT serial, seq FROM event WHERE tenant_id = ? ORDER BY position DESC LIMIT 1

-- ---------------------------------------------------------------------------------------------- records of calls

-- name: count_records
SELECT count(*) FROM call INDEXED BY call_by_beginning
WHERE tenant_id = ? AND begun_at BETWEEN ? AND ? AND (? IS NULL OR caller = ?)

-- name: find_records
-- The page is found in the index alone; only its calls and their legs are looked up.
SELECT
    c.serial, c.phase, c.reason, c.cause, c.caller, c.called, c.caller_present, c.agent_present, c.call_data,
    c.created_at, c.started_at, c.ended_at,
    a.ringing_at, a.answered_at, a.released_at, b.ringing_at, b.answered_at, b.released_at
FROM (
    SELECT serial, begun_at FROM call INDEXED BY call_by_beginning
    WHERE tenant_id = ? AND begun_at BETWEEN ? AND ? AND (? IS NULL OR caller = ?)
    ORDER BY begun_at DESC, serial DESC LIMIT ? OFFSET ?
) AS page
CROSS JOIN call AS c ON c.serial = page.serial
LEFT JOIN leg AS a ON a.serial = c.serial AND a.role = 'agent'
LEFT JOIN leg AS b ON b.serial = c.serial AND b.role = 'customer'
ORDER BY page.begun_at DESC, page.serial DESC

-- name: read_details
SELECT
    serial, tenant_id, caller, called, caller_present, agent_present, call_data,
    created_at, started_at, talking_at, ended_at, reason, cause,
    agent_dialled_at, agent_ringing_at, agent_early_media_at, agent_answered_at, agent_released_at,
    agent_sip_status, agent_sip_reason, agent_cause, agent_ended_by,
    customer_dialled_at, customer_ringing_at, customer_early_media_at, customer_answered_at, customer_released_at,
    customer_sip_status, customer_sip_reason, customer_cause, customer_ended_by
FROM cdr WHERE serial >= ? AND serial < ? AND (? IS NULL OR tenant_id = ?)
ORDER BY serial LIMIT ?

-- ---------------------------------------------------------------------------------------------- trunks

-- name: put_trunk_state
INSERT OR REPLACE INTO trunk_state (name, is_up, why, changed_at) VALUES (?, ?, ?, ?)

-- name: clear_trunk_states
DELETE FROM trunk_state

-- name: trunk_states
SELECT name, is_up, why, changed_at FROM trunk_state ORDER BY name

-- ---------------------------------------------------------------------------------------------- retention

-- name: retentions
SELECT tenant_id, retention_days FROM tenant

-- name: purge_calls
DELETE FROM call WHERE serial IN (
    SELECT serial FROM call
    WHERE tenant_id = :tenant_id AND created_at < :ended_before AND phase = 4 AND ended_at < :ended_before
    ORDER BY created_at LIMIT :slice
)

-- ---------------------------------------------------------------------------------------------- tenants, apps, keys

-- name: add_tenant
INSERT INTO tenant (
    tenant_id, name, profile, access_codes, transparent_display, phones, callback_hosts, trial, trial_phones,
    retention_days, recording, recording_days, recording_format, guards, created_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: change_tenant
-- The order of add_tenant; the id comes last.
UPDATE tenant SET
    name = ?, profile = ?, access_codes = ?, transparent_display = ?, phones = ?, callback_hosts = ?, trial = ?,
    trial_phones = ?, retention_days = ?, recording = ?, recording_days = ?, recording_format = ?, guards = ?
WHERE tenant_id = ?

-- name: tenant
SELECT
    tenant_id, name, profile, access_codes, transparent_display, phones, callback_hosts, trial, trial_phones, retention_days,
    recording, recording_days, recording_format, guards,
    EXISTS (SELECT 1 FROM do_not_call AS d WHERE d.tenant_id = tenant.tenant_id)
FROM tenant WHERE tenant_id = ?

-- name: tenants
SELECT
    tenant_id, name, profile, access_codes, transparent_display, phones, callback_hosts, trial, trial_phones, retention_days,
    recording, recording_days, recording_format, guards,
    EXISTS (SELECT 1 FROM do_not_call AS d WHERE d.tenant_id = tenant.tenant_id)
FROM tenant ORDER BY created_at, tenant_id

-- name: add_app
INSERT INTO app (app_key, tenant_id, secret_hash, created_at, disabled_at) VALUES (?, ?, ?, ?, ?)

-- name: disable_app
UPDATE app SET disabled_at = coalesce(disabled_at, ?) WHERE app_key = ?

-- name: app
SELECT app_key, tenant_id, secret_hash, disabled_at IS NULL, created_at FROM app WHERE app_key = ?

-- name: apps
SELECT app_key, tenant_id, secret_hash, disabled_at IS NULL, created_at FROM app ORDER BY created_at, app_key

-- name: apps_of_tenant
SELECT app_key, tenant_id, secret_hash, disabled_at IS NULL, created_at FROM app
WHERE tenant_id = ? ORDER BY created_at, app_key

-- name: is_enabled
SELECT 1 FROM app WHERE app_key = ? AND disabled_at IS NULL

-- name: add_signing_key
INSERT INTO signing_key (key_id, sealed, created_at) VALUES (?, ?, ?)

-- name: remove_signing_keys
DELETE FROM signing_key WHERE key_id IN (SELECT value FROM json_each(?))

-- name: signing_keys
SELECT key_id, sealed, created_at FROM signing_key ORDER BY created_at DESC, rowid DESC

-- name: put_leg_qualities
INSERT OR REPLACE INTO leg_quality (serial, role, packets, lost, loss, jitter, round_trip, mos, was_silent)
SELECT
    c.serial, json_extract(q.value, '$[1]'), json_extract(q.value, '$[2]'), json_extract(q.value, '$[3]'),
    json_extract(q.value, '$[4]'), json_extract(q.value, '$[5]'), json_extract(q.value, '$[6]'),
    json_extract(q.value, '$[7]'), json_extract(q.value, '$[8]')
FROM json_each(?) AS q JOIN call AS c ON c.serial = CAST(json_extract(q.value, '$[0]') AS INTEGER)

-- name: leg_qualities
SELECT role, packets, lost, loss, jitter, round_trip, mos, was_silent FROM leg_quality WHERE serial = ?
