-- keys: what tokens and assertions are signed with. The private key is sealed for its row. The state, next, active or
-- retiring, follows from the times.
CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,   -- kid: fingerprint of the public key
    purpose     TEXT NOT NULL,
    alg         TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    private     BYTEA NOT NULL,
    active_at   BIGINT NOT NULL,    -- signs from then on
    retire_at   BIGINT NOT NULL,    -- is published no more from then on; 0: not known yet
    created_at  BIGINT NOT NULL
);
-- Of two nodes that make the first key at once, or rotate at once, one does.
CREATE UNIQUE INDEX signing_keys_one_last ON signing_keys (purpose, alg) WHERE retire_at = 0;

-- app: registered apps. What only a protocol understands is its own JSON.
CREATE TABLE apps (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    protocol    TEXT NOT NULL,
    launch      TEXT NOT NULL DEFAULT '',
    logo        BYTEA,
    disabled    BOOLEAN NOT NULL DEFAULT FALSE,
    groups      TEXT NOT NULL DEFAULT '[]',   -- JSON: ids; empty is everybody
    need        TEXT NOT NULL DEFAULT '{}',   -- JSON
    tell        TEXT NOT NULL DEFAULT '[]',   -- JSON: details that it is told
    settings    TEXT NOT NULL DEFAULT '{}',   -- JSON, the protocol's
    from_file   BOOLEAN NOT NULL DEFAULT FALSE,
    created_at  BIGINT NOT NULL
);

-- app: requests of apps that wait for somebody to sign in. Bound to the browser that first comes for it.
CREATE TABLE app_requests (
    id           TEXT PRIMARY KEY,
    protocol     TEXT NOT NULL,
    app_id       TEXT NOT NULL,
    data         TEXT NOT NULL,
    demand       TEXT NOT NULL,
    browser_hash BYTEA,
    answered_for TEXT NOT NULL DEFAULT '',    -- whom the person said to go on as, where somebody else was named
    used_at      BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL
);
CREATE INDEX app_requests_by_creation ON app_requests (created_at);

-- session: which apps a session has signed in to.
CREATE TABLE visits (
    id         TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    app_id     TEXT NOT NULL,
    epoch      BIGINT NOT NULL,
    offline    BOOLEAN NOT NULL DEFAULT FALSE,   -- the app may go on after the person has signed out
    data       TEXT NOT NULL DEFAULT '',         -- the protocol's own, such as the name that it was told
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,                  -- of the session
    ended_at   BIGINT NOT NULL DEFAULT 0,
    revoked    BOOLEAN NOT NULL DEFAULT FALSE,   -- ended for another reason than that the person signed out
    told_at    BIGINT NOT NULL DEFAULT 0         -- the app was told that it is over
);
CREATE UNIQUE INDEX visits_by_session ON visits (session_id, app_id);
CREATE INDEX visits_by_user ON visits (user_id);
CREATE INDEX visits_by_app ON visits (app_id);
CREATE INDEX visits_by_expiry ON visits (expires_at);
CREATE INDEX visits_untold ON visits (ended_at) WHERE ended_at > 0 AND told_at = 0;

-- directory: whose sessions and visits all ended at once, for the chapters above to follow.
CREATE TABLE endings (
    user_id TEXT PRIMARY KEY,
    at      BIGINT NOT NULL
);
