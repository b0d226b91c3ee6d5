-- How well each leg of a call was heard, by what its media relay counted. Loss in percent; jitter and round trip in
-- milliseconds; NULL: the relay could not know.
CREATE TABLE leg_quality (
    serial     INTEGER NOT NULL REFERENCES call ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('agent', 'customer')),
    packets    INTEGER NOT NULL,
    lost       INTEGER,
    loss       REAL,
    jitter     REAL,
    round_trip REAL,
    mos        REAL,
    was_silent INTEGER NOT NULL,
    PRIMARY KEY (serial, role)
) STRICT, WITHOUT ROWID;
