-- passkey: challenges that were answered, until they would be refused for their age.
CREATE TABLE passkey_challenges (
    id         TEXT PRIMARY KEY,           -- its random part
    expires_at BIGINT NOT NULL
);
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at);
