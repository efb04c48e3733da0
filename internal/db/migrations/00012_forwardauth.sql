-- forwardauth: hosts behind a proxy that a person is signed in to. A row is a ticket first, and a signed-in host once the
-- browser has brought it there.
CREATE TABLE forward_sessions (
    id          TEXT PRIMARY KEY,
    visit_id    TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    host        TEXT NOT NULL,
    ticket_hash BYTEA NOT NULL UNIQUE,
    nonce_hash  BYTEA NOT NULL,            -- of the browser that the ticket is for
    target      BYTEA NOT NULL,            -- sealed: what was asked for may hold secrets of the site's
    token_hash  BYTEA UNIQUE,              -- of the host's cookie, once the ticket is used
    created_at  BIGINT NOT NULL,
    opened_at   BIGINT NOT NULL DEFAULT 0,
    ended_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX forward_sessions_by_visit ON forward_sessions (visit_id);
CREATE INDEX forward_sessions_by_creation ON forward_sessions (created_at);
