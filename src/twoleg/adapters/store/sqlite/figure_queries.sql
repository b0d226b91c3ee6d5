-- What the figures for operators are counted from. Each goes over an index that holds living things only, or by key.

-- name: count_by_phase
SELECT phase, count(*) FROM call WHERE phase < 4 GROUP BY phase

-- name: oldest_queued
SELECT min(created_at) FROM call WHERE phase = 0

-- name: count_ended_since
SELECT reason, count(*) FROM cdr WHERE serial >= ? GROUP BY reason

-- name: count_legs_on_wire
SELECT count(*) FROM leg_on_wire

-- name: count_open_deliveries
SELECT count(*) FROM webhook_delivery WHERE state IN ('waiting', 'due')

-- name: oldest_due_delivery
SELECT min(due_at) FROM webhook_delivery WHERE state = 'due'

-- name: count_disabled_endpoints
SELECT count(*) FROM webhook_endpoint WHERE disabled_at IS NOT NULL
