-- A call whose events know their tenant from the beginning.
INSERT INTO call (serial, tenant_id, phase, reason, cause, caller, called, caller_present, agent_present, call_data, created_at, started_at, talking_at, ended_at, seq, callback_url, agent_work_no) VALUES
    (301, 't1', 4, 6, 3, '+497', '+867', '640003', '640060', NULL, 1621823965000, NULL, NULL, 1621823965020, 2, NULL, NULL);
INSERT INTO event (serial, seq, at, type, leg, sip_status, sip_reason, cause, reason, detail, tenant_id) VALUES
    (301, 1, 1621823965000, 'call.queued', NULL, NULL, NULL, NULL, NULL, NULL, 't1'),
    (301, 2, 1621823965020, 'call.ended', NULL, NULL, NULL, 3, 6, 'no trunk has a prefix of +497', 't1');
INSERT INTO cdr (serial, tenant_id, caller, called, caller_present, agent_present, created_at, ended_at, reason, cause) VALUES
    (301, 't1', '+497', '+867', '640003', '640060', 1621823965000, 1621823965020, 6, 3);
