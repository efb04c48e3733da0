-- session: each app's own sweep finds whom it has not told (visits_untold_by_app); nobody asks for all of them.
DROP INDEX visits_untold;

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
