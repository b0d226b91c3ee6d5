-- By when a call has ended, whatever happens: what the sweeper looks for. Of older calls: by the timers of a configuration
-- that sets none.
ALTER TABLE call ADD COLUMN must_end_by INTEGER NOT NULL DEFAULT 0;

UPDATE call SET must_end_by = created_at + 14685000;

CREATE INDEX call_by_latest_end ON call (must_end_by) WHERE phase < 4;

-- Calls that outlived their timers: since when the engine is told so, and when their records were closed without it. From
-- then on its own steps of them count no more.
CREATE TABLE overdue_call (
    serial     INTEGER PRIMARY KEY NOT NULL REFERENCES call ON DELETE CASCADE,
    noticed_at INTEGER NOT NULL,
    closed_at  INTEGER
) STRICT;

DROP VIEW whole_call;

-- A call with the facts of both legs, in the order in which rows.py reads them; the attempts of both as one JSON array.
CREATE VIEW whole_call AS
SELECT
    c.serial, c.tenant_id, c.phase, c.reason, c.cause, c.caller, c.called, c.caller_present, c.agent_present, c.call_data,
    c.created_at, c.started_at, c.talking_at, c.ended_at, c.seq, c.media, c.must_end_by,
    a.dialled_at, a.ringing_at, a.early_media_at, a.answered_at, a.released_at,
    a.sip_status, a.sip_reason, a.cause, a.ended_by,
    b.dialled_at, b.ringing_at, b.early_media_at, b.answered_at, b.released_at,
    b.sip_status, b.sip_reason, b.cause, b.ended_by,
    (
        SELECT json_group_array(json_array(
            t.role, t.number, t.trunk, t.peer, t.dialled, t.shown, t.started_at, t.ended_at,
            t.sip_status, t.sip_reason, t.cause
        ))
        FROM leg_attempt AS t WHERE t.serial = c.serial
    )
FROM call AS c
LEFT JOIN leg AS a ON a.serial = c.serial AND a.role = 'agent'
LEFT JOIN leg AS b ON b.serial = c.serial AND b.role = 'customer';
