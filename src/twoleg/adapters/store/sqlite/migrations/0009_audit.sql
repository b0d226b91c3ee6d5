-- Administrative acts: who changed what. `before` and `after` are JSON objects, without secrets.
CREATE TABLE audit (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    who       TEXT NOT NULL,
    act       TEXT NOT NULL,
    subject   TEXT NOT NULL,
    tenant_id TEXT,
    before    TEXT NOT NULL,
    after     TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_tenant ON audit (tenant_id);

CREATE TRIGGER audit_entries_do_not_change BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
