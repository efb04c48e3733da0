-- directory: who helps the people of a group, and of the groups within it.
CREATE TABLE group_helpers (
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_helpers_by_user ON group_helpers (user_id);

-- signin: three words of a sign-in in progress, for a helper. Only their fingerprint stands here.
CREATE TABLE spoken_words (
    id         TEXT PRIMARY KEY,
    words_hash BYTEA NOT NULL UNIQUE,
    attempt_id TEXT NOT NULL UNIQUE REFERENCES attempts (id) ON DELETE CASCADE,
    helper_id  TEXT NOT NULL DEFAULT '',  -- who typed them last
    expires_at BIGINT NOT NULL
);
CREATE INDEX spoken_words_by_expiry ON spoken_words (expires_at);

-- helping: people whom two helpers vouch for.
CREATE TABLE vouches (
    id        TEXT PRIMARY KEY,
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    first_id  TEXT NOT NULL,
    first_at  BIGINT NOT NULL,
    second_id TEXT NOT NULL DEFAULT '',
    second_at BIGINT NOT NULL DEFAULT 0,
    undone_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX vouches_by_user ON vouches (user_id, first_at);
CREATE INDEX vouches_by_second ON vouches (second_at);
