-- A tenant reads its events by cursor without passing over those of all others. Every index ends in the row's position.
ALTER TABLE event ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '';

UPDATE event SET tenant_id = (SELECT c.tenant_id FROM call AS c WHERE c.serial = event.serial);

CREATE INDEX event_by_tenant ON event (tenant_id);

-- Lists of calls, newest first: by a number, and those that have not ended. The rest is found by call_by_tenant.
CREATE INDEX call_by_caller ON call (tenant_id, caller, created_at);
CREATE INDEX call_by_called ON call (tenant_id, called, created_at);
CREATE INDEX call_unended ON call (tenant_id, created_at) WHERE phase < 4;
