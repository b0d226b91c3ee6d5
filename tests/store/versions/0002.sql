-- Two tries by two trunks, the second of which was the leg's own; and what was last known of them.
INSERT INTO leg_attempt (serial, role, number, trunk, peer, dialled, shown, started_at, ended_at, sip_status, sip_reason, cause) VALUES
    (105, 'agent', 1, 'north', '192.0.2.1:5060', '495', '640060', 1621823865010, 1621823865020, 503, NULL, 41),
    (105, 'agent', 2, 'south', '192.0.2.2:5060', '495', '640060', 1621823865020, 1621823899030, 200, NULL, 16);
INSERT INTO trunk_state (name, is_up, why, changed_at) VALUES ('north', 0, 'no answer to OPTIONS', 1621823000000), ('south', 1, 'answers OPTIONS', 1621823000001);
