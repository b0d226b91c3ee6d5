-- Who changed what.
INSERT INTO audit (at, who, act, subject, tenant_id, before, after) VALUES
    (1621823000000, 'root', 'tenant.created', 't1', 't1', '{}', '{"name": "one"}');
