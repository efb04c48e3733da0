-- app/externalmfa: Entra tenants that ask us for the second step of their sign-ins.
CREATE TABLE external_mfa_connections (
    client_id  TEXT PRIMARY KEY,          -- of the app registration, which is our client id as well
    tenant     TEXT NOT NULL,
    cloud      TEXT NOT NULL,
    match_by   TEXT NOT NULL,             -- how somebody who comes for the first time is found
    created_at BIGINT NOT NULL
);

-- app/externalmfa: whose second step answers for which object of a tenant. Within a tenant one person is one object.
CREATE TABLE external_mfa_links (
    tenant     TEXT NOT NULL,
    object     TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,             -- as Entra wrote it when the link was made: for people to read
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, object)
);
CREATE UNIQUE INDEX external_mfa_links_by_user ON external_mfa_links (user_id, tenant);

-- app/externalmfa: requests. once keeps a nonce and state from being used again, for longer than their hint is believed.
CREATE TABLE external_mfa_requests (
    id_hash     BYTEA PRIMARY KEY,
    once        BYTEA NOT NULL UNIQUE,
    client_id   TEXT NOT NULL,
    data        TEXT NOT NULL,            -- JSON: what was asked, and about whom
    user_id     TEXT NOT NULL DEFAULT '',
    attempt_id  TEXT NOT NULL DEFAULT '',
    refused     TEXT NOT NULL DEFAULT '', -- why nobody could be asked
    created_at  BIGINT NOT NULL,
    answered_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX external_mfa_requests_by_creation ON external_mfa_requests (created_at);
