-- What a tenant's guards count before a call is placed. Each counts as far as its limit only, along an index.

-- name: count_living
SELECT count(*) FROM (SELECT 1 FROM call INDEXED BY call_unended WHERE tenant_id = ? AND phase < 4 LIMIT ?)

-- name: count_placed_within
-- The upper bound is for a clock that was set back: what was placed by the clock of before is no reason to refuse.
SELECT count(*) FROM (
    SELECT 1 FROM call INDEXED BY call_by_tenant WHERE tenant_id = ? AND created_at > ? AND created_at <= ? LIMIT ?
)

-- name: count_to_number
SELECT count(*) FROM (
    SELECT 1 FROM json_each(?) AS spelled CROSS JOIN call AS c INDEXED BY call_by_called
        ON c.tenant_id = ? AND c.called = spelled.value AND c.created_at > ?
    LIMIT ?
)

-- name: unwanted_number
SELECT 1 FROM json_each(?) AS spelled CROSS JOIN do_not_call AS d ON d.tenant_id = ? AND d.number = spelled.value LIMIT 1

-- name: add_unwanted
INSERT INTO do_not_call (tenant_id, number, added_at)
SELECT ?, value, ? FROM json_each(?) WHERE true ON CONFLICT DO NOTHING

-- name: remove_unwanted
DELETE FROM do_not_call WHERE tenant_id = ? AND number IN (SELECT value FROM json_each(?))

-- name: unwanted_numbers
SELECT number, added_at FROM do_not_call WHERE tenant_id = ? AND number > ? ORDER BY number LIMIT ?
