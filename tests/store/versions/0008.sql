-- A tenant that is held to something besides its rules, and a number that it must not call.
UPDATE tenant SET guards = '{"concurrent_calls": 20}' WHERE tenant_id = 't2';
INSERT INTO do_not_call (tenant_id, number, added_at) VALUES ('t2', '+8612345', 1621823000000);
