-- Receivers of a tenant's events. `sealed`: secrets, readable only with the key file beside the store; NULL until the
-- endpoint that a call's own callback URL called into being has got some.
CREATE TABLE webhook_endpoint (
    endpoint_id  TEXT PRIMARY KEY NOT NULL,
    tenant_id    TEXT NOT NULL REFERENCES tenant,
    format       TEXT NOT NULL CHECK (format IN ('cloudevents', 'aicc')),
    url          TEXT,
    connect_url  TEXT,
    release_url  TEXT,
    events       TEXT NOT NULL,
    sealed       BLOB,
    created_at   INTEGER NOT NULL,
    cursor       INTEGER NOT NULL,
    disabled_at  INTEGER,
    disabled_why TEXT,
    CHECK ((format = 'cloudevents') = (url IS NOT NULL)),
    CHECK ((disabled_at IS NULL) = (disabled_why IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_endpoint_by_tenant ON webhook_endpoint (tenant_id);
CREATE UNIQUE INDEX webhook_endpoint_aicc ON webhook_endpoint (tenant_id) WHERE format = 'aicc';

-- One event for one URL. Of those of one endpoint, call and lane that are not over, the oldest is 'due', the others are
-- 'waiting'; only what is due has a time.
CREATE TABLE webhook_delivery (
    delivery_id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoint ON DELETE CASCADE,
    serial      INTEGER NOT NULL REFERENCES call ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    url         TEXT NOT NULL,
    lane        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'due', 'delivered', 'expired', 'gone')),
    planned_at  INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    due_at      INTEGER,
    ended_at    INTEGER,
    CHECK ((state = 'due') = (due_at IS NOT NULL)),
    CHECK ((state IN ('waiting', 'due')) = (ended_at IS NULL))
) STRICT;

CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at) WHERE state = 'due';
CREATE INDEX webhook_delivery_lane ON webhook_delivery (endpoint_id, serial, lane) WHERE state IN ('waiting', 'due');
CREATE INDEX webhook_delivery_log ON webhook_delivery (endpoint_id);
CREATE INDEX webhook_delivery_of_call ON webhook_delivery (serial);

CREATE TABLE webhook_attempt (
    delivery_id INTEGER NOT NULL REFERENCES webhook_delivery ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    took_ms     INTEGER NOT NULL,
    status      INTEGER,
    said        TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- What a carrier platform pushed of a call: its first word counts. It is an event once the call has ended.
CREATE TABLE call_report (
    serial INTEGER PRIMARY KEY NOT NULL REFERENCES call ON DELETE CASCADE,
    at     INTEGER NOT NULL,
    cause  INTEGER,
    detail TEXT NOT NULL
) STRICT;
