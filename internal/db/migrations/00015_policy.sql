-- signin: what the organisation has decided, and what people have put off.
CREATE TABLE policies (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL,              -- JSON
    changed_at BIGINT NOT NULL
);
CREATE TABLE nudges (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    snoozes BIGINT NOT NULL,
    until   BIGINT NOT NULL
);
