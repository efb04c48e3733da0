-- register: who is in the membership register, and what it said of them last. What it never said is not here.
CREATE TABLE register_people (
    user_id    TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    number     TEXT NOT NULL,
    number_key TEXT NOT NULL UNIQUE,
    phone      TEXT NOT NULL DEFAULT '',   -- offered only: nothing is ever sent to it from here
    started    TEXT NOT NULL DEFAULT '',   -- days as 2027-02-01
    leaves     TEXT NOT NULL DEFAULT '',
    gone       TEXT NOT NULL DEFAULT '',   -- yes: disabled because they left; kept: were kept out already when they left
    groups     TEXT NOT NULL DEFAULT ''    -- ids of the groups that it put them in
);

-- register: imports, from the preview to the end of the time in which they can be undone.
CREATE TABLE register_changes (
    id         TEXT PRIMARY KEY,
    state      TEXT NOT NULL,
    actor      TEXT NOT NULL,
    file       TEXT NOT NULL,
    whole      BOOLEAN NOT NULL,
    basis      BIGINT NOT NULL,            -- the version that it was computed against
    steps      BIGINT NOT NULL DEFAULT 0,
    done       BIGINT NOT NULL DEFAULT 0,  -- of the steps, those up to this one stand in the directory
    counts     TEXT NOT NULL DEFAULT '{}',
    mapping    TEXT NOT NULL DEFAULT '{}',
    created_at BIGINT NOT NULL,
    applied_at BIGINT NOT NULL DEFAULT 0,
    undone_at  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX register_changes_by_time ON register_changes (created_at);

-- register: what an import does, person by person: each detail before and after.
CREATE TABLE register_steps (
    change_id TEXT NOT NULL REFERENCES register_changes (id) ON DELETE CASCADE,
    position  BIGINT NOT NULL,
    line      BIGINT NOT NULL,             -- row in the file; 0: not in it
    kind      TEXT NOT NULL,
    subject   TEXT NOT NULL,               -- id of the user or group
    name      TEXT NOT NULL,
    edits     TEXT NOT NULL,
    PRIMARY KEY (change_id, position)
);

-- register: rows that are not applied, or only with a word of warning; and what could not be undone.
CREATE TABLE register_problems (
    change_id TEXT NOT NULL REFERENCES register_changes (id) ON DELETE CASCADE,
    position  BIGINT NOT NULL,
    line      BIGINT NOT NULL,
    name      TEXT NOT NULL,
    refused   BOOLEAN NOT NULL,
    problems  TEXT NOT NULL,
    cells     TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (change_id, position)
);

-- register: which column is what, by a fingerprint of the heading.
CREATE TABLE register_mappings (
    signature TEXT PRIMARY KEY,
    mapping   TEXT NOT NULL,
    used_at   BIGINT NOT NULL
);

-- register: whose turn it is to change people. The version grows with each import and each undo.
CREATE TABLE register_turn (
    name       TEXT PRIMARY KEY,
    version    BIGINT NOT NULL,
    change_id  TEXT NOT NULL DEFAULT '',
    holder     TEXT NOT NULL DEFAULT '',
    held_until BIGINT NOT NULL DEFAULT 0
);
INSERT INTO register_turn (name, version) VALUES ('only', 0);
