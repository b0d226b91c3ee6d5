ALTER TABLE tenant ADD COLUMN recording TEXT NOT NULL DEFAULT 'off' CHECK (recording IN ('off', 'always', 'on-demand'));
ALTER TABLE tenant ADD COLUMN recording_days INTEGER NOT NULL DEFAULT 90;
ALTER TABLE tenant ADD COLUMN recording_format TEXT NOT NULL DEFAULT 'pcm' CHECK (recording_format IN ('pcm', 'alaw'));

-- The recording of a call, or what is left to say of it: a row outlives its audio, and its call. `is_over`: nothing is
-- left to do for it but, one day, to purge it.
CREATE TABLE recording (
    serial      INTEGER PRIMARY KEY NOT NULL,
    tenant_id   TEXT NOT NULL REFERENCES tenant,
    status      TEXT NOT NULL CHECK (
        status IN ('wanted', 'recording', 'paused', 'stopped', 'ready', 'failed', 'purged')
    ),
    format      TEXT NOT NULL CHECK (format IN ('pcm', 'alaw')),
    wanted_at   INTEGER NOT NULL,
    captured_at INTEGER,
    began_at    INTEGER,
    ended_at    INTEGER,
    duration_ms INTEGER,
    bytes       INTEGER,
    sha256      TEXT,
    key         TEXT,
    detail      TEXT,
    purged_at   INTEGER,
    is_over     INTEGER NOT NULL DEFAULT 0,
    CHECK (status <> 'ready' OR (bytes > 0 AND sha256 IS NOT NULL AND key IS NOT NULL AND is_over = 1)),
    CHECK ((status = 'purged') = (purged_at IS NOT NULL))
) STRICT;

CREATE INDEX recording_unfinished ON recording (serial) WHERE is_over = 0;
CREATE INDEX recording_by_tenant ON recording (tenant_id, serial);
CREATE INDEX recording_kept ON recording (tenant_id, ended_at) WHERE status IN ('ready', 'failed');

-- What was asked of it, and when the relay began to write, in order: what may be heard follows from it.
CREATE TABLE recording_note (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    serial   INTEGER NOT NULL,
    note     TEXT NOT NULL CHECK (note IN ('start', 'pause', 'resume', 'stop', 'began')),
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX recording_note_by_call ON recording_note (serial);
