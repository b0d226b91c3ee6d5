-- The SQL of ladders, by name: of the file that they are kept in, and of what the store adds to them.
-- In a file of its own beside the store: what is lost of it costs no call anything, and writing it holds up none.

-- name: ladder_settings
-- NORMAL: no commit waits for the disk; after a power cut the newest ladders may be missing, and the file is sound.
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 1000;
PRAGMA journal_size_limit = 8388608;
PRAGMA cache_size = -2048;

-- name: ladder_version
PRAGMA user_version

-- name: ladder_schema
-- A file of another version is emptied: it holds nothing that anybody relies on. Times are ms since the epoch.
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS ladder;
CREATE TABLE ladder (
    serial    INTEGER PRIMARY KEY NOT NULL,
    tenant_id TEXT NOT NULL,
    ended_at  INTEGER NOT NULL,
    capture   BLOB NOT NULL
) STRICT;
CREATE INDEX ladder_by_age ON ladder (ended_at);
CREATE INDEX ladder_by_tenant ON ladder (tenant_id, ended_at);
PRAGMA user_version = 1;
COMMIT;

-- name: put_ladder
INSERT OR REPLACE INTO ladder (serial, tenant_id, ended_at, capture) VALUES (?, ?, ?, ?)

-- name: ladder
SELECT capture FROM ladder WHERE serial = ?

-- name: purge_ladders
DELETE FROM ladder WHERE serial IN (SELECT serial FROM ladder WHERE ended_at < ? ORDER BY ended_at LIMIT ?)

-- name: purge_ladders_of_tenant
DELETE FROM ladder WHERE serial IN (
    SELECT serial FROM ladder WHERE tenant_id = ? AND ended_at < ? ORDER BY ended_at LIMIT ?
)

-- name: purge_oldest_ladders
DELETE FROM ladder WHERE serial IN (SELECT serial FROM ladder ORDER BY ended_at LIMIT ?)

-- name: ladder_octets
SELECT (pages.page_count - free.freelist_count) * size.page_size
FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size

-- name: deliveries_of_call
-- Of the store itself. An attempt is on the axis when it began.
SELECT a.at, d.url, e.type, a.status, a.said
FROM webhook_delivery AS d
JOIN webhook_attempt AS a ON a.delivery_id = d.delivery_id
LEFT JOIN event AS e ON e.serial = d.serial AND e.seq = d.seq
WHERE d.serial = ?
ORDER BY a.at, d.delivery_id, a.number
LIMIT ?
