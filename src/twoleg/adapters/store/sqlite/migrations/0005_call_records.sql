-- When a call began: what lists of calls filter and order by. A call that was never dialled began when it was placed.
ALTER TABLE call ADD COLUMN begun_at INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(started_at, created_at)) VIRTUAL;

-- A page, and the count of a window, without a look at the rows themselves.
CREATE INDEX call_by_beginning ON call (tenant_id, begun_at, serial, caller);
