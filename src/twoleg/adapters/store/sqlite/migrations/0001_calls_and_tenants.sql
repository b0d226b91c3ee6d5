-- Times are milliseconds since the Unix epoch. Lists of strings are JSON arrays.

CREATE TABLE tenant (
    tenant_id           TEXT PRIMARY KEY NOT NULL,
    name                TEXT NOT NULL,
    profile             TEXT NOT NULL CHECK (profile IN ('aicc', 'ita')),
    access_codes        TEXT NOT NULL,
    transparent_display INTEGER NOT NULL,
    phones              TEXT,
    callback_hosts      TEXT NOT NULL,
    trial               INTEGER NOT NULL,
    trial_phones        TEXT NOT NULL,
    retention_days      INTEGER NOT NULL,
    created_at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
    app_key     TEXT PRIMARY KEY NOT NULL,
    tenant_id   TEXT NOT NULL REFERENCES tenant,
    secret_hash TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX app_by_tenant ON app (tenant_id);

CREATE TABLE signing_key (
    key_id     TEXT PRIMARY KEY NOT NULL,
    secret     BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Everything a status query shows stands in this one row. Phases: 0 queued, 1 calling the agent, 2 calling the customer,
-- 3 talking, 4 ended.
CREATE TABLE call (
    serial         INTEGER PRIMARY KEY NOT NULL,
    tenant_id      TEXT NOT NULL REFERENCES tenant,
    phase          INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 4),
    reason         INTEGER,
    cause          INTEGER,
    caller         TEXT NOT NULL,
    called         TEXT NOT NULL,
    caller_present TEXT NOT NULL,
    agent_present  TEXT NOT NULL,
    call_data      TEXT,
    created_at     INTEGER NOT NULL,
    started_at     INTEGER,
    talking_at     INTEGER,
    ended_at       INTEGER,
    seq            INTEGER NOT NULL,
    callback_url   TEXT,
    agent_work_no  INTEGER,
    media          TEXT CHECK (media IN ('direct', 'rtpio', 'rtpengine')),
    CHECK ((phase = 4) = (reason IS NOT NULL AND cause IS NOT NULL AND ended_at IS NOT NULL))
) STRICT;

-- One call between the same two numbers may wait or ring at a time: decided here, so that no two processes can race.
CREATE UNIQUE INDEX call_pending_pair ON call (tenant_id, caller, called) WHERE phase < 3;

-- The daily limit of trial tenants, and what outlived its retention.
CREATE INDEX call_by_tenant ON call (tenant_id, created_at);

-- What the engine looks for; both hold living calls only, so they stay small however many calls are kept.
CREATE INDEX call_queued ON call (phase) WHERE phase = 0;
CREATE INDEX call_live ON call (phase) WHERE phase BETWEEN 1 AND 3;

CREATE TABLE leg (
    serial         INTEGER NOT NULL REFERENCES call ON DELETE CASCADE,
    role           TEXT NOT NULL CHECK (role IN ('agent', 'customer')),
    dialled_at     INTEGER,
    ringing_at     INTEGER,
    early_media_at INTEGER,
    answered_at    INTEGER,
    released_at    INTEGER,
    sip_status     INTEGER,
    sip_reason     TEXT,
    cause          INTEGER,
    ended_by       TEXT,
    PRIMARY KEY (serial, role)
) STRICT, WITHOUT ROWID;

-- A call with the facts of both legs, in the order in which rows.py reads them.
CREATE VIEW whole_call AS
SELECT
    c.serial, c.tenant_id, c.phase, c.reason, c.cause, c.caller, c.called, c.caller_present, c.agent_present, c.call_data,
    c.created_at, c.started_at, c.talking_at, c.ended_at, c.seq, c.media,
    a.dialled_at, a.ringing_at, a.early_media_at, a.answered_at, a.released_at,
    a.sip_status, a.sip_reason, a.cause, a.ended_by,
    b.dialled_at, b.ringing_at, b.early_media_at, b.answered_at, b.released_at,
    b.sip_status, b.sip_reason, b.cause, b.ended_by
FROM call AS c
LEFT JOIN leg AS a ON a.serial = c.serial AND a.role = 'agent'
LEFT JOIN leg AS b ON b.serial = c.serial AND b.role = 'customer';

-- `position` grows with every commit and is never given twice, so readers may keep it as their cursor.
CREATE TABLE event (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    serial     INTEGER NOT NULL REFERENCES call ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    type       TEXT NOT NULL,
    leg        TEXT,
    sip_status INTEGER,
    sip_reason TEXT,
    cause      INTEGER,
    reason     INTEGER,
    detail     TEXT,
    UNIQUE (serial, seq)
) STRICT;

CREATE TABLE cdr (
    serial                  INTEGER PRIMARY KEY NOT NULL REFERENCES call ON DELETE CASCADE,
    tenant_id               TEXT NOT NULL,
    caller                  TEXT NOT NULL,
    called                  TEXT NOT NULL,
    caller_present          TEXT NOT NULL,
    agent_present           TEXT NOT NULL,
    call_data               TEXT,
    created_at              INTEGER NOT NULL,
    started_at              INTEGER,
    talking_at              INTEGER,
    ended_at                INTEGER NOT NULL,
    reason                  INTEGER NOT NULL,
    cause                   INTEGER NOT NULL,
    agent_dialled_at        INTEGER,
    agent_ringing_at        INTEGER,
    agent_early_media_at    INTEGER,
    agent_answered_at       INTEGER,
    agent_released_at       INTEGER,
    agent_sip_status        INTEGER,
    agent_sip_reason        TEXT,
    agent_cause             INTEGER,
    agent_ended_by          TEXT,
    customer_dialled_at     INTEGER,
    customer_ringing_at     INTEGER,
    customer_early_media_at INTEGER,
    customer_answered_at    INTEGER,
    customer_released_at    INTEGER,
    customer_sip_status     INTEGER,
    customer_sip_reason     TEXT,
    customer_cause          INTEGER,
    customer_ended_by       TEXT
) STRICT;

-- Each try to reach a phone that may be on the wire: it was about to be when the row came, and the row goes with the leg's
-- last word. `record`: what the engine needs to end it after a restart.
CREATE TABLE leg_on_wire (
    serial INTEGER NOT NULL REFERENCES call ON DELETE CASCADE,
    role   TEXT NOT NULL CHECK (role IN ('agent', 'customer')),
    number INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (serial, role, number)
) STRICT, WITHOUT ROWID;

-- A row is gone once its call has ended.
CREATE TABLE hangup_request (
    serial       INTEGER PRIMARY KEY NOT NULL REFERENCES call ON DELETE CASCADE,
    requested_at INTEGER NOT NULL
) STRICT;

-- No reference to the call: a key stays spent for its 24 hours even where calls are kept for a shorter time.
CREATE TABLE idempotency (
    tenant_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    serial    INTEGER NOT NULL,
    placed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (placed_at);
