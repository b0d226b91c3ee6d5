-- Each try to reach a phone: an INVITE by one trunk to one address of it. The last one of a leg is the leg's own.
CREATE TABLE leg_attempt (
    serial     INTEGER NOT NULL REFERENCES call ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('agent', 'customer')),
    number     INTEGER NOT NULL,
    trunk      TEXT NOT NULL,
    peer       TEXT,
    dialled    TEXT NOT NULL,
    shown      TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    sip_status INTEGER,
    sip_reason TEXT,
    cause      INTEGER,
    PRIMARY KEY (serial, role, number)
) STRICT, WITHOUT ROWID;

DROP VIEW whole_call;

-- A call with the facts of both legs, in the order in which rows.py reads them; the attempts of both as one JSON array.
CREATE VIEW whole_call AS
SELECT
    c.serial, c.tenant_id, c.phase, c.reason, c.cause, c.caller, c.called, c.caller_present, c.agent_present, c.call_data,
    c.created_at, c.started_at, c.talking_at, c.ended_at, c.seq, c.media,
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

-- What the engine last knew of each trunk that it watches (registration, OPTIONS).
CREATE TABLE trunk_state (
    name       TEXT PRIMARY KEY NOT NULL,
    is_up      INTEGER NOT NULL,
    why        TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
