-- The SQL of webhooks, by name, like queries.sql. Parameters are named.

-- ---------------------------------------------------------------------------------------------- endpoints

-- name: add_endpoint
INSERT INTO webhook_endpoint (
    endpoint_id, tenant_id, format, url, connect_url, release_url, events, sealed, created_at, cursor, disabled_at, disabled_why
) VALUES (
    :endpoint_id, :tenant_id, :format, :url, :connect_url, :release_url, :events, :sealed, :created_at, :cursor, NULL, NULL
)
ON CONFLICT (endpoint_id) DO UPDATE SET
    connect_url = excluded.connect_url, release_url = excluded.release_url, sealed = excluded.sealed,
    disabled_at = NULL, disabled_why = NULL

-- name: add_callback_endpoint
-- A call brings a callback URL, so its tenant needs the one endpoint that serves such: what came before is not its business.
INSERT INTO webhook_endpoint (endpoint_id, tenant_id, format, events, created_at, cursor)
VALUES (
    :endpoint_id, :tenant_id, 'aicc', '["*"]', :created_at,
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)
)
ON CONFLICT DO NOTHING

-- name: endpoint
SELECT
    endpoint_id, tenant_id, format, url, connect_url, release_url, events, created_at, cursor, disabled_at, disabled_why
FROM webhook_endpoint WHERE endpoint_id = ?

-- name: endpoints_of_tenant
SELECT
    endpoint_id, tenant_id, format, url, connect_url, release_url, events, created_at, cursor, disabled_at, disabled_why
FROM webhook_endpoint WHERE tenant_id = ? ORDER BY created_at, endpoint_id

-- name: enabled_endpoints
SELECT
    endpoint_id, tenant_id, format, url, connect_url, release_url, events, created_at, cursor, disabled_at, disabled_why
FROM webhook_endpoint WHERE disabled_at IS NULL ORDER BY endpoint_id

-- name: sealed
SELECT sealed FROM webhook_endpoint WHERE endpoint_id = ?

-- name: reseal
UPDATE webhook_endpoint SET sealed = :sealed WHERE endpoint_id = :endpoint_id AND sealed IS :was

-- name: remove_endpoint
DELETE FROM webhook_endpoint WHERE endpoint_id = ?

-- name: enable_endpoint
UPDATE webhook_endpoint SET disabled_at = NULL, disabled_why = NULL WHERE endpoint_id = ?

-- name: disable_endpoint
UPDATE webhook_endpoint SET disabled_at = :at, disabled_why = :why
WHERE endpoint_id = :endpoint_id AND disabled_at IS NULL

-- name: rewind_endpoint
UPDATE webhook_endpoint SET cursor = :cursor WHERE endpoint_id = :endpoint_id

-- name: advance_endpoint
UPDATE webhook_endpoint SET cursor = :cursor
WHERE endpoint_id = :endpoint_id AND cursor = :was AND disabled_at IS NULL

-- ---------------------------------------------------------------------------------------------- deliveries

-- name: add_delivery
-- Its call may have been purged since it was planned.
INSERT INTO webhook_delivery (endpoint_id, serial, seq, url, lane, state, planned_at, attempts, due_at)
SELECT
    :endpoint_id, serial, :seq, :url, :lane,
    iif(waits.some, 'waiting', 'due'), :at, 0, iif(waits.some, NULL, :at)
FROM call, (
    SELECT EXISTS (
        SELECT 1 FROM webhook_delivery
        WHERE endpoint_id = :endpoint_id AND serial = :serial AND lane = :lane AND state IN ('waiting', 'due')
    ) AS some
) AS waits
WHERE serial = :serial

-- name: open_deliveries
SELECT count(*) FROM webhook_delivery WHERE endpoint_id = ? AND state IN ('waiting', 'due')

-- name: due_deliveries
SELECT
    d.delivery_id, d.endpoint_id, d.serial, d.seq, d.url, d.state, d.planned_at, d.attempts, d.due_at, d.ended_at,
    e.position, e.tenant_id, c.caller, c.called, c.call_data,
    e.serial, e.seq, e.at, e.type, e.leg, e.sip_status, e.sip_reason, e.cause, e.reason, e.detail
FROM webhook_delivery AS d
JOIN event AS e ON e.serial = d.serial AND e.seq = d.seq
JOIN call AS c ON c.serial = d.serial
WHERE d.endpoint_id = ? AND d.state = 'due' AND d.due_at <= ?
    AND d.delivery_id NOT IN (SELECT value FROM json_each(?))
ORDER BY d.due_at, d.delivery_id LIMIT ?

-- name: next_due
SELECT due_at FROM webhook_delivery
WHERE endpoint_id = ? AND state = 'due' AND delivery_id NOT IN (SELECT value FROM json_each(?))
ORDER BY due_at LIMIT 1

-- name: delivery_state
SELECT state, serial, lane FROM webhook_delivery WHERE delivery_id = ?

-- name: move_delivery
UPDATE webhook_delivery SET state = :state, attempts = :attempts, due_at = :due_at, ended_at = :ended_at
WHERE delivery_id = :delivery_id

-- name: next_of_lane
SELECT delivery_id FROM webhook_delivery
WHERE endpoint_id = :endpoint_id AND serial = :serial AND lane = :lane AND state IN ('waiting', 'due')
ORDER BY delivery_id LIMIT 1

-- name: give_turn
UPDATE webhook_delivery SET state = 'due', due_at = :at WHERE delivery_id = :delivery_id AND state = 'waiting'

-- name: drop_deliveries
UPDATE webhook_delivery SET state = 'gone', due_at = NULL, ended_at = :at
WHERE endpoint_id = :endpoint_id AND state IN ('waiting', 'due')

-- name: put_webhook_attempt
INSERT OR REPLACE INTO webhook_attempt (delivery_id, number, at, took_ms, status, said)
VALUES (:delivery_id, :number, :at, :took_ms, :status, :said)

-- name: delivery_log
SELECT delivery_id, endpoint_id, serial, seq, url, state, planned_at, attempts, due_at, ended_at
FROM webhook_delivery WHERE endpoint_id = ? AND delivery_id < ? ORDER BY delivery_id DESC LIMIT ?

-- name: delivery_place
SELECT delivery_id FROM webhook_delivery
WHERE endpoint_id = ? AND serial = ? AND seq = ? AND planned_at = ? ORDER BY delivery_id LIMIT 1

-- name: webhook_attempts
SELECT delivery_id, number, at, took_ms, status, said FROM webhook_attempt
WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY delivery_id, number

-- name: ordered_with_call
SELECT c.callback_url, c.agent_work_no, t.profile
FROM call AS c JOIN tenant AS t ON t.tenant_id = c.tenant_id WHERE c.serial = ?

-- ---------------------------------------------------------------------------------------------- reports of calls

-- name: add_report
INSERT INTO call_report (serial, at, cause, detail)
SELECT serial, :at, :cause, :detail FROM call WHERE serial = :serial AND tenant_id = :tenant_id
ON CONFLICT (serial) DO NOTHING

-- name: tell_report
INSERT INTO event (tenant_id, serial, seq, at, type, cause, detail)
SELECT
    c.tenant_id, c.serial, (SELECT max(seq) + 1 FROM event WHERE serial = :serial),
    max(r.at, c.ended_at), :type, r.cause, r.detail
FROM call_report AS r JOIN call AS c ON c.serial = r.serial
WHERE r.serial = :serial AND c.phase = 4
    AND NOT EXISTS (SELECT 1 FROM event AS e WHERE e.serial = :serial AND e.type = :type)

-- name: count_report
UPDATE call SET seq = (SELECT max(seq) FROM event WHERE serial = :serial) WHERE serial = :serial
