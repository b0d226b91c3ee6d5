-- Keys that sign tokens, sealed with the key file beside the store. Those of before lay here in the clear, and in every
-- copy: they are dropped, so clients fetch new tokens once.
DROP TABLE signing_key;

CREATE TABLE signing_key (
    key_id     TEXT PRIMARY KEY NOT NULL,
    sealed     BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
