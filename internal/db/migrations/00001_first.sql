-- What the installation knows about itself: the key check, whether the first administrator was set up.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- directory: people. Keys of names are canonical: folded, so that look-alikes are one.
CREATE TABLE users (
    id              TEXT PRIMARY KEY,
    username        TEXT NOT NULL,
    username_key    TEXT NOT NULL UNIQUE,
    email           TEXT NOT NULL DEFAULT '',
    email_key       TEXT NOT NULL DEFAULT '',
    given_name      TEXT NOT NULL DEFAULT '',
    family_name     TEXT NOT NULL DEFAULT '',
    locale          TEXT NOT NULL DEFAULT '',
    role            TEXT NOT NULL DEFAULT 'member',
    status          TEXT NOT NULL DEFAULT 'active',
    frozen_at       BIGINT NOT NULL DEFAULT 0,
    epoch           BIGINT NOT NULL DEFAULT 0,   -- raised to end every session at once
    first_use_until BIGINT NOT NULL DEFAULT 0,   -- the password was given by an administrator and may add the first method until then
    created_at      BIGINT NOT NULL,
    signed_in_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX users_by_email ON users (email_key);
CREATE INDEX users_administrators ON users (username_key) WHERE role = 'administrator';

CREATE TABLE groups (
    id        TEXT PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    parent_id TEXT NOT NULL DEFAULT ''
);

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (user_id);

-- directory: the details that the organisation wants. Labels and help are JSON by language.
CREATE TABLE fields (
    id       TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    kind     TEXT NOT NULL,
    required BOOLEAN NOT NULL,
    labels   TEXT NOT NULL,
    help     TEXT NOT NULL DEFAULT '{}',
    options  TEXT NOT NULL DEFAULT '[]',
    pattern  TEXT NOT NULL DEFAULT ''
);

CREATE TABLE field_values (
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    field_id TEXT NOT NULL REFERENCES fields (id) ON DELETE CASCADE,
    value    TEXT NOT NULL,
    PRIMARY KEY (user_id, field_id)
);

-- signin: the methods that people have set up. secret is sealed for this row; what it holds is the method's business.
CREATE TABLE methods (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL DEFAULT '',
    hint        TEXT NOT NULL DEFAULT '',
    secret      BYTEA NOT NULL,
    data        TEXT NOT NULL DEFAULT '{}',
    counter     BIGINT NOT NULL DEFAULT 0,
    preferred   BOOLEAN NOT NULL DEFAULT FALSE,
    failures    BIGINT NOT NULL DEFAULT 0,
    disabled_at BIGINT NOT NULL DEFAULT 0,
    starts_at   BIGINT NOT NULL DEFAULT 0,
    expires_at  BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    used_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX methods_by_user ON methods (user_id);
CREATE UNIQUE INDEX methods_password ON methods (user_id) WHERE kind = 'password';

-- signin: sign-ins in progress, each bound to one browser.
CREATE TABLE attempts (
    id           TEXT PRIMARY KEY,
    browser_hash BYTEA NOT NULL,
    user_id      TEXT NOT NULL DEFAULT '',
    state        TEXT NOT NULL,
    wrong        BIGINT NOT NULL DEFAULT 0,
    ended        TEXT NOT NULL DEFAULT '',
    version      BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    touched_at   BIGINT NOT NULL
);
CREATE INDEX attempts_by_touched ON attempts (touched_at);

-- signin: questions asked in an attempt. No code stands here: it is derived from the id with a key of the key file.
CREATE TABLE challenges (
    id          TEXT PRIMARY KEY,
    attempt_id  TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    user_id     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    method_id   TEXT NOT NULL DEFAULT '',
    secret      BYTEA,
    data        TEXT NOT NULL DEFAULT '{}',
    tries       BIGINT NOT NULL DEFAULT 0,
    sends       BIGINT NOT NULL DEFAULT 0,
    sent_at     BIGINT NOT NULL DEFAULT 0,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL
);
CREATE INDEX challenges_by_attempt ON challenges (attempt_id, kind, purpose);

-- signin: links sent by e-mail and printed at the first start; only their fingerprint stands here.
CREATE TABLE links (
    token_hash BYTEA PRIMARY KEY,
    purpose    TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX links_by_user ON links (user_id);

-- session: signed-in browsers.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch      BIGINT NOT NULL,
    proofs     TEXT NOT NULL,
    auth_at    BIGINT NOT NULL,
    stay       BOOLEAN NOT NULL,
    address    TEXT NOT NULL DEFAULT '',
    agent      TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- limit: tries counted.
CREATE TABLE limits (
    key           TEXT PRIMARY KEY,
    tries         BIGINT NOT NULL,
    started_at    BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);
CREATE INDEX limits_by_start ON limits (started_at);

-- message: the outbox. Recipient and content are sealed, and emptied once they are not needed any more.
CREATE TABLE messages (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL DEFAULT '',
    channel     TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    challenge   TEXT NOT NULL DEFAULT '',
    hint        TEXT NOT NULL DEFAULT '',
    sealed      BYTEA,
    priority    BIGINT NOT NULL,
    state       TEXT NOT NULL,
    route       TEXT NOT NULL DEFAULT '',
    receipt     TEXT NOT NULL DEFAULT '',
    tries       BIGINT NOT NULL DEFAULT 0,
    next_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    sent_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX messages_due ON messages (priority, next_at) WHERE state IN ('queued', 'sending'); -- small, whatever was sent before
CREATE INDEX messages_by_receipt ON messages (receipt) WHERE receipt <> '';
CREATE INDEX messages_by_user ON messages (user_id, created_at);

-- audit: what happened.
CREATE TABLE audit_events (
    id      TEXT PRIMARY KEY,
    at      BIGINT NOT NULL,
    type    TEXT NOT NULL,
    actor   TEXT NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    agent   TEXT NOT NULL DEFAULT '',
    detail  TEXT NOT NULL
);
CREATE INDEX audit_events_by_user ON audit_events (user_id, id);
