-- The audit log.

-- name: add_audit_entry
INSERT INTO audit (at, who, act, subject, tenant_id, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: newest_audit_entries
SELECT position, at, who, act, subject, tenant_id, before, after FROM audit
ORDER BY position DESC LIMIT ?

-- name: newest_audit_entries_of_tenant
SELECT position, at, who, act, subject, tenant_id, before, after FROM audit
WHERE tenant_id = ? ORDER BY position DESC LIMIT ?
