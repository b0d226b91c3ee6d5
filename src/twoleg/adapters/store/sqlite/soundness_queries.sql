-- Whether a store is sound: what SQLite itself can tell, then what must hold of calls. Each names a few of those at fault.

-- name: check_pages
-- Every page, every index, every NOT NULL and CHECK of a row (sqlite.org/pragma.html#pragma_integrity_check).
PRAGMA integrity_check(20)

-- name: check_references
SELECT "table" || ' row ' || coalesce(rowid, '(no number)') || ' refers to a ' || parent || ' that is not there'
FROM pragma_foreign_key_check LIMIT 20

-- name: ended_without_record
SELECT c.serial FROM call AS c WHERE c.phase = 4 AND NOT EXISTS (SELECT 1 FROM cdr AS r WHERE r.serial = c.serial)
LIMIT 20

-- name: records_of_living
SELECT r.serial FROM cdr AS r JOIN call AS c ON c.serial = r.serial WHERE c.phase < 4 LIMIT 20

-- name: records_that_differ
SELECT r.serial FROM cdr AS r JOIN call AS c ON c.serial = r.serial
WHERE c.phase = 4 AND (r.reason, r.cause, r.ended_at) IS NOT (c.reason, c.cause, c.ended_at) LIMIT 20

-- name: events_with_gaps
SELECT c.serial FROM call AS c
LEFT JOIN (SELECT serial, count(*) AS number, max(seq) AS newest FROM event GROUP BY serial) AS e ON e.serial = c.serial
WHERE (c.seq, c.seq) IS NOT (e.number, e.newest) LIMIT 20

-- name: ends_not_told_once
SELECT c.serial FROM call AS c
LEFT JOIN (SELECT serial, count(*) AS number FROM event WHERE type = 'call.ended' GROUP BY serial) AS e
    ON e.serial = c.serial
WHERE coalesce(e.number, 0) <> (c.phase = 4) LIMIT 20

-- name: count_calls
SELECT count(*) FROM call

-- name: one_file
-- Without a log beside it: a copy that is one file, wherever it is moved.
PRAGMA journal_mode = DELETE
