-- What a service of schema 1 left: two tenants, calls in every phase, the last words of a call that nobody answered.
INSERT INTO tenant (tenant_id, name, profile, access_codes, transparent_display, phones, callback_hosts, trial, trial_phones, retention_days, created_at) VALUES
    ('t1', 'one', 'aicc', '["640003", "640060"]', 0, NULL, '["hooks.example.com"]', 0, '[]', 90, 1621823000000),
    ('t2', 'two', 'ita', '["1001"]', 1, '["88889050"]', '[]', 1, '["88889060"]', 7, 1621823000001);
INSERT INTO app (app_key, tenant_id, secret_hash, created_at, disabled_at) VALUES
    ('key1', 't1', 'hash1', 1621823000002, NULL),
    ('key2', 't2', 'hash2', 1621823000003, 1621823000004);
INSERT INTO signing_key (key_id, secret, created_at) VALUES ('k1', x'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 1621823000000);
INSERT INTO call (serial, tenant_id, phase, reason, cause, caller, called, caller_present, agent_present, call_data, created_at, started_at, talking_at, ended_at, seq, callback_url, agent_work_no) VALUES
    (101, 't1', 0, NULL, NULL, '+491', '+861', '640003', '640060', NULL, 1621823865000, NULL, NULL, NULL, 1, NULL, NULL),
    (102, 't1', 1, NULL, NULL, '+492', '+862', '640003', '640060', 'hello', 1621823865000, 1621823865010, NULL, NULL, 2, NULL, 7),
    (103, 't1', 2, NULL, NULL, '+493', '+863', '640003', '640060', NULL, 1621823865000, 1621823865010, NULL, NULL, 4, NULL, NULL),
    (104, 't1', 3, NULL, NULL, '+494', '+864', '640003', '640060', NULL, 1621823865000, 1621823865010, 1621823869000, NULL, 6, NULL, NULL),
    (105, 't1', 4, 0, 16, '+495', '+865', '640003', '640060', 'kept', 1621823865000, 1621823865010, 1621823869000, 1621823899000, 7, 'https://hooks.example.com/x', 12),
    (106, 't2', 4, 4, 18, '88889050', '88889060', '1001', '1001', NULL, 1621823865000, 1621823865010, NULL, 1621823895010, 3, NULL, NULL);
INSERT INTO leg (serial, role, dialled_at, ringing_at, early_media_at, answered_at, released_at, sip_status, sip_reason, cause, ended_by) VALUES
    (102, 'agent', 1621823865010, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (103, 'agent', 1621823865010, NULL, NULL, 1621823867000, NULL, 200, NULL, NULL, NULL),
    (103, 'customer', 1621823867000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (104, 'agent', 1621823865010, NULL, NULL, 1621823867000, NULL, 200, NULL, NULL, NULL),
    (104, 'customer', 1621823867000, NULL, NULL, 1621823869000, NULL, 200, NULL, NULL, NULL),
    (105, 'agent', 1621823865010, NULL, NULL, 1621823867000, 1621823899030, 200, NULL, 16, 'service'),
    (105, 'customer', 1621823867000, NULL, NULL, 1621823869000, 1621823899000, 200, 'Q.850;cause=16', 16, 'customer'),
    (106, 'agent', 1621823865010, 1621823865100, NULL, NULL, 1621823895040, 487, NULL, 18, 'service');
INSERT INTO event (serial, seq, at, type, leg, sip_status, sip_reason, cause, reason, detail) VALUES
    (101, 1, 1621823865000, 'call.queued', NULL, NULL, NULL, NULL, NULL, NULL),
    (102, 1, 1621823865000, 'call.queued', NULL, NULL, NULL, NULL, NULL, NULL),
    (102, 2, 1621823865010, 'agent.dialled', 'agent', NULL, NULL, NULL, NULL, NULL),
    (103, 1, 1621823865000, 'call.queued', NULL, NULL, NULL, NULL, NULL, NULL),
    (103, 2, 1621823865010, 'agent.dialled', 'agent', NULL, NULL, NULL, NULL, NULL),
    (103, 3, 1621823867000, 'agent.answered', 'agent', 200, NULL, NULL, NULL, NULL),
    (103, 4, 1621823867000, 'customer.dialled', 'customer', NULL, NULL, NULL, NULL, NULL),
    (104, 1, 1621823865000, 'call.queued', NULL, NULL, NULL, NULL, NULL, NULL),
    (104, 2, 1621823865010, 'agent.dialled', 'agent', NULL, NULL, NULL, NULL, NULL),
    (104, 3, 1621823867000, 'agent.answered', 'agent', 200, NULL, NULL, NULL, NULL),
    (104, 4, 1621823867000, 'customer.dialled', 'customer', NULL, NULL, NULL, NULL, NULL),
    (104, 5, 1621823869000, 'customer.answered', 'customer', 200, NULL, NULL, NULL, NULL),
    (104, 6, 1621823869000, 'call.talking', NULL, NULL, NULL, NULL, NULL, NULL),
    (105, 1, 1621823865000, 'call.queued', NULL, NULL, NULL, NULL, NULL, NULL),
    (105, 2, 1621823865010, 'agent.dialled', 'agent', NULL, NULL, NULL, NULL, NULL),
    (105, 3, 1621823867000, 'agent.answered', 'agent', 200, NULL, NULL, NULL, NULL),
    (105, 4, 1621823867000, 'customer.dialled', 'customer', NULL, NULL, NULL, NULL, NULL),
    (105, 5, 1621823869000, 'customer.answered', 'customer', 200, NULL, NULL, NULL, NULL),
    (105, 6, 1621823869000, 'call.talking', NULL, NULL, NULL, NULL, NULL, NULL),
    (105, 7, 1621823899000, 'call.ended', 'customer', NULL, 'Q.850;cause=16', 16, 0, NULL),
    (106, 1, 1621823865000, 'call.queued', NULL, NULL, NULL, NULL, NULL, NULL),
    (106, 2, 1621823865010, 'agent.dialled', 'agent', NULL, NULL, NULL, NULL, NULL),
    (106, 3, 1621823895010, 'call.ended', NULL, NULL, NULL, 18, 4, NULL);
INSERT INTO cdr (
    serial, tenant_id, caller, called, caller_present, agent_present, call_data, created_at, started_at, talking_at, ended_at, reason, cause,
    agent_dialled_at, agent_ringing_at, agent_answered_at, agent_released_at, agent_sip_status, agent_cause, agent_ended_by,
    customer_dialled_at, customer_answered_at, customer_released_at, customer_sip_status, customer_sip_reason, customer_cause, customer_ended_by
) VALUES
    (105, 't1', '+495', '+865', '640003', '640060', 'kept', 1621823865000, 1621823865010, 1621823869000, 1621823899000, 0, 16,
        1621823865010, NULL, 1621823867000, 1621823899030, 200, 16, 'service', 1621823867000, 1621823869000, 1621823899000, 200, 'Q.850;cause=16', 16, 'customer'),
    (106, 't2', '88889050', '88889060', '1001', '1001', NULL, 1621823865000, 1621823865010, NULL, 1621823895010, 4, 18,
        1621823865010, 1621823865100, NULL, 1621823895040, 487, 18, 'service', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO hangup_request (serial, requested_at) VALUES (104, 1621823880000);
INSERT INTO idempotency (tenant_id, key, body_hash, serial, placed_at) VALUES ('t1', 'once', x'0102', 105, 1621823865000);
