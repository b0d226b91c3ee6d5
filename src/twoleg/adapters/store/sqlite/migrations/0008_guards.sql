-- What a tenant's calls are held to besides its rules, as one JSON object; NULL: to nothing.
ALTER TABLE tenant ADD COLUMN guards TEXT;

-- Numbers that a tenant must not call, in E.164 where that can be told, else as they were given.
CREATE TABLE do_not_call (
    tenant_id TEXT NOT NULL REFERENCES tenant,
    number    TEXT NOT NULL,
    added_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;
