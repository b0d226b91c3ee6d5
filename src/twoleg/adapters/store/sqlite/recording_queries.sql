-- The SQL of recordings, by name; see queries.sql.

-- ---------------------------------------------------------------------------------------------- what is asked

-- name: want_recording
INSERT INTO recording (serial, tenant_id, status, format, wanted_at) VALUES (?, ?, 'wanted', ?, ?)

-- name: recorded_call
SELECT c.phase, r.status
FROM call AS c LEFT JOIN recording AS r ON r.serial = c.serial
WHERE c.serial = ? AND c.tenant_id = ?

-- name: set_recording_status
UPDATE recording SET status = ?, captured_at = NULL WHERE serial = ?

-- name: add_recording_note
INSERT INTO recording_note (serial, note, at) VALUES (?, ?, ?)

-- name: recording_is_wanted
SELECT 1 FROM recording WHERE serial = ? AND status = 'wanted'

-- name: recording_commands_after
SELECT position, serial, note, at FROM recording_note WHERE position > ? AND note <> 'began' ORDER BY position

-- name: newest_recording_note
SELECT coalesce(max(position), 0) FROM recording_note

-- ---------------------------------------------------------------------------------------------- what became of it

-- name: recording_began
UPDATE recording SET status = 'recording', began_at = coalesce(began_at, :at) WHERE serial = :serial AND status = 'wanted'

-- name: recording_captured
UPDATE recording SET captured_at = :at WHERE serial = :serial AND is_over = 0

-- name: recording_failed
UPDATE recording SET status = 'failed', ended_at = :at, detail = :why, is_over = :is_over
WHERE serial = :serial AND is_over = 0

-- name: recording_ready
UPDATE recording SET
    status = 'ready', is_over = 1, began_at = :began_at, ended_at = :at, duration_ms = :duration_ms, bytes = :bytes,
    sha256 = :digest, key = :key, detail = :detail
WHERE serial = :serial AND is_over = 0

-- name: recording_purged
UPDATE recording SET status = 'purged', purged_at = :at, detail = :why
WHERE serial = :serial AND status IN ('ready', 'failed') AND is_over = 1

-- name: drop_recording
DELETE FROM recording WHERE serial = ? AND is_over = 0

-- name: drop_recording_notes
DELETE FROM recording_note WHERE serial = ?

-- name: tell_of_recording
-- Behind the call's other events, and once: who is asked again after a crash tells nothing twice. Before its end a call
-- numbers its events itself, so nothing is told here.
INSERT INTO event (tenant_id, serial, seq, at, type, detail)
SELECT c.tenant_id, c.serial, (SELECT max(e.seq) + 1 FROM event AS e WHERE e.serial = c.serial), :at, :type, :detail
FROM call AS c
WHERE c.serial = :serial AND c.phase = 4
AND NOT EXISTS (SELECT 1 FROM event AS e WHERE e.serial = :serial AND e.type = :type)

-- name: count_events
UPDATE call SET seq = (SELECT max(e.seq) FROM event AS e WHERE e.serial = :serial)
WHERE serial = :serial AND phase = 4

-- ---------------------------------------------------------------------------------------------- reading

-- name: recording
SELECT
    r.serial, r.tenant_id, r.status, r.format, r.wanted_at, r.began_at, r.ended_at, r.duration_ms, r.bytes, r.sha256,
    r.key, r.detail, r.purged_at, (
        SELECT json_group_array(json_array(n.note, n.at))
        FROM (SELECT note, at FROM recording_note WHERE serial = r.serial ORDER BY position) AS n
    )
FROM recording AS r WHERE r.serial = ?

-- name: any_recording
SELECT 1 FROM recording LIMIT 1

-- name: recordings
SELECT
    r.serial, r.tenant_id, r.status, r.format, r.wanted_at, r.began_at, r.ended_at, r.duration_ms, r.bytes, r.sha256,
    r.key, r.detail, r.purged_at, (
        SELECT json_group_array(json_array(n.note, n.at))
        FROM (SELECT note, at FROM recording_note WHERE serial = r.serial ORDER BY position) AS n
    )
FROM recording AS r WHERE r.tenant_id = :tenant_id AND r.serial < :before ORDER BY r.serial DESC LIMIT :limit

-- name: unfinished_recordings
-- A call that ended long ago without a word of its relay was an engine's that died.
SELECT
    r.serial, r.tenant_id, r.status, r.format, c.talking_at, c.ended_at, r.detail, (
        SELECT json_group_array(json_array(n.note, n.at))
        FROM (SELECT note, at FROM recording_note WHERE serial = r.serial ORDER BY position) AS n
    )
FROM recording AS r JOIN call AS c ON c.serial = r.serial
WHERE r.is_over = 0 AND c.phase = 4 AND (r.captured_at IS NOT NULL OR r.status = 'failed' OR c.ended_at <= ?)
ORDER BY r.serial LIMIT ?

-- name: outlived_recordings
SELECT r.serial, r.tenant_id, r.status, r.key
FROM tenant AS t CROSS JOIN recording AS r INDEXED BY recording_kept ON r.tenant_id = t.tenant_id
WHERE r.status IN ('ready', 'failed') AND r.is_over = 1 AND r.ended_at <= :now - t.recording_days * 86400000
ORDER BY r.ended_at LIMIT :limit
