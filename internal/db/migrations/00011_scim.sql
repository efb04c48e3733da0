-- directory: what has changed since, for each of those who keep a copy of the directory somewhere else. A row is one user or
-- group, however often it changed; its version is another one after each change.
CREATE TABLE directory_watchers (
    name TEXT PRIMARY KEY
);
CREATE TABLE directory_changes (
    watcher    TEXT   NOT NULL REFERENCES directory_watchers (name) ON DELETE CASCADE,
    kind       TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    version    TEXT   NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (watcher, kind, id)
);
CREATE INDEX directory_changes_oldest ON directory_changes (watcher, changed_at);

-- scim: systems that keep people here. Of a token only its fingerprint stands here.
CREATE TABLE scim_connections (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE TABLE scim_tokens (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    fingerprint   BYTEA NOT NULL UNIQUE,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX scim_tokens_by_connection ON scim_tokens (connection_id);

-- scim: which people and groups a connection keeps, and what it said about them.
CREATE TABLE scim_links (
    connection_id TEXT NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    external_id   TEXT NOT NULL DEFAULT '',
    document      TEXT NOT NULL DEFAULT '{}',
    disabled      BOOLEAN NOT NULL DEFAULT FALSE,  -- by this connection, which may therefore enable them again
    deleted_at    BIGINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    PRIMARY KEY (connection_id, user_id)
);
CREATE UNIQUE INDEX scim_links_external ON scim_links (connection_id, external_id) WHERE external_id <> '';
CREATE INDEX scim_links_present ON scim_links (connection_id, user_id) WHERE deleted_at = 0;
CREATE INDEX scim_links_by_user ON scim_links (user_id);
CREATE TABLE scim_group_links (
    connection_id TEXT NOT NULL REFERENCES scim_connections (id) ON DELETE CASCADE,
    group_id      TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    external_id   TEXT NOT NULL DEFAULT '',
    created_at    BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    PRIMARY KEY (connection_id, group_id)
);
CREATE UNIQUE INDEX scim_group_links_external ON scim_group_links (connection_id, external_id) WHERE external_id <> '';
CREATE INDEX scim_group_links_by_group ON scim_group_links (group_id);

-- scim: systems in which people are kept from here. One node at a time works on a target, as long as its lease lasts.
CREATE TABLE scim_targets (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    base        TEXT NOT NULL,
    token       BYTEA NOT NULL,              -- sealed for this row
    groups      TEXT NOT NULL DEFAULT '[]',  -- whose people are sent; empty: everybody
    details     TEXT NOT NULL DEFAULT '[]',  -- the fields that are told
    people_only BOOLEAN NOT NULL DEFAULT FALSE,
    created_at  BIGINT NOT NULL,
    holder      TEXT NOT NULL DEFAULT '',
    held_until  BIGINT NOT NULL DEFAULT 0,
    walk        TEXT NOT NULL DEFAULT '',    -- how far a full compare has come
    failures    BIGINT NOT NULL DEFAULT 0,   -- in a row
    retry_at    BIGINT NOT NULL DEFAULT 0,
    trouble     TEXT NOT NULL DEFAULT ''
);

-- scim: what stands at a target: under which id, and the fingerprint of what was last sent.
CREATE TABLE scim_copies (
    target_id TEXT NOT NULL REFERENCES scim_targets (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL,
    id        TEXT NOT NULL,
    remote_id TEXT NOT NULL DEFAULT '',
    sent      TEXT NOT NULL DEFAULT '',
    active    BOOLEAN NOT NULL DEFAULT FALSE,
    failures  BIGINT NOT NULL DEFAULT 0,
    retry_at  BIGINT NOT NULL DEFAULT 0,
    trouble   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (target_id, kind, id)
);
CREATE INDEX scim_copies_retry ON scim_copies (target_id, retry_at) WHERE retry_at > 0;
CREATE INDEX scim_copies_by_remote ON scim_copies (target_id, remote_id);
CREATE TABLE scim_copy_members (
    target_id TEXT NOT NULL REFERENCES scim_targets (id) ON DELETE CASCADE,
    group_id  TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    PRIMARY KEY (target_id, group_id, user_id)
);
