-- A tenant that records, a recording that is kept and one that is under way.
UPDATE tenant SET recording = 'on-demand', recording_days = 30, recording_format = 'alaw' WHERE tenant_id = 't1';
INSERT INTO recording (serial, tenant_id, status, format, wanted_at, captured_at, began_at, ended_at, duration_ms, bytes, sha256, key, detail, purged_at, is_over) VALUES
    (105, 't1', 'ready', 'alaw', 1621823865000, 1621823869000, 1621823869010, 1621823899000, 29990, 479896, 'ab', 't1/105.wav', NULL, NULL, 1),
    (104, 't1', 'recording', 'pcm', 1621823865000, NULL, 1621823869010, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO recording_note (serial, note, at) VALUES (104, 'start', 1621823865000), (104, 'began', 1621823869010);
