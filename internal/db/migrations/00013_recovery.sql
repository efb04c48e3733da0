-- method/recovery: the codes that are not used yet. What stands here is a keyed fingerprint.
CREATE TABLE recovery_codes (
    method_id   TEXT NOT NULL REFERENCES methods (id) ON DELETE CASCADE,
    fingerprint BYTEA NOT NULL,
    PRIMARY KEY (method_id, fingerprint)
);
