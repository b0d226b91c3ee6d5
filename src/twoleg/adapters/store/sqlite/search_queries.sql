-- Lists of calls. Each looks at so many rows of one index, newest first, and says of each whether it is wanted: what a
-- page costs is bounded, whatever it leaves out.

-- name: scan_calls
SELECT serial, created_at, phase BETWEEN :least AND :most AND (:reason IS NULL OR reason = :reason)
FROM call INDEXED BY call_by_tenant
WHERE tenant_id = :tenant_id AND created_at >= :created_from AND created_at < :created_before
    AND (created_at, serial) < (:before_time, :before_serial)
ORDER BY created_at DESC, serial DESC LIMIT :scan

-- name: scan_unended_calls
SELECT serial, created_at, phase BETWEEN :least AND :most AND (:reason IS NULL OR reason = :reason)
FROM call INDEXED BY call_unended
WHERE tenant_id = :tenant_id AND phase < 4 AND created_at >= :created_from AND created_at < :created_before
    AND (created_at, serial) < (:before_time, :before_serial)
ORDER BY created_at DESC, serial DESC LIMIT :scan

-- name: scan_calls_by_caller
SELECT
    serial, created_at,
    phase BETWEEN :least AND :most AND (:reason IS NULL OR reason = :reason) AND (:called IS NULL OR called = :called)
FROM call INDEXED BY call_by_caller
WHERE tenant_id = :tenant_id AND caller = :caller AND created_at >= :created_from AND created_at < :created_before
    AND (created_at, serial) < (:before_time, :before_serial)
ORDER BY created_at DESC, serial DESC LIMIT :scan

-- name: scan_calls_by_called
SELECT serial, created_at, phase BETWEEN :least AND :most AND (:reason IS NULL OR reason = :reason)
FROM call INDEXED BY call_by_called
WHERE tenant_id = :tenant_id AND called = :called AND created_at >= :created_from AND created_at < :created_before
    AND (created_at, serial) < (:before_time, :before_serial)
ORDER BY created_at DESC, serial DESC LIMIT :scan

-- name: calls_by_serial
SELECT w.* FROM json_each(?) AS wanted CROSS JOIN whole_call AS w ON w.serial = wanted.value
ORDER BY w.created_at DESC, w.serial DESC

-- name: states_by_serial
-- Each call by its primary key: CROSS JOIN keeps the order, the plus keeps the index by tenant out of it.
SELECT c.serial, c.phase, c.reason, c.cause, c.seq, c.created_at, c.started_at, c.talking_at, c.ended_at
FROM json_each(?) AS wanted CROSS JOIN call AS c ON c.serial = wanted.value AND +c.tenant_id = ?

-- name: pending_call
-- The index call_pending_pair: what makes a new call between the two a duplicate.
SELECT serial FROM call WHERE tenant_id = ? AND caller = ? AND called = ? AND phase < 3
