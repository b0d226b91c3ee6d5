-- An endpoint with a delivery that is done and one that is due, and what a carrier said of a call.
INSERT INTO webhook_endpoint (endpoint_id, tenant_id, format, url, connect_url, release_url, events, sealed, created_at, cursor, disabled_at, disabled_why) VALUES
    ('e1', 't1', 'cloudevents', 'https://hooks.example.com/events', NULL, NULL, '["*"]', x'aa', 1621823000000, 3, NULL, NULL);
INSERT INTO webhook_delivery (delivery_id, endpoint_id, serial, seq, url, lane, state, planned_at, attempts, due_at, ended_at) VALUES
    (1, 'e1', 105, 6, 'https://hooks.example.com/events', '', 'delivered', 1621823869001, 1, NULL, 1621823869050),
    (2, 'e1', 105, 7, 'https://hooks.example.com/events', '', 'due', 1621823899001, 0, 1621823899001, NULL);
INSERT INTO webhook_attempt (delivery_id, number, at, took_ms, status, said) VALUES (1, 1, 1621823869010, 40, 204, '');
INSERT INTO call_report (serial, at, cause, detail) VALUES (104, 1621823870000, 16, 'answered');
