-- saml: the name by which one app, of its entity id, knows a person for good.
CREATE TABLE saml_names (
    entity     TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (entity, user_id)
);
CREATE INDEX saml_names_by_user ON saml_names (user_id);

-- saml: requests of apps that were answered, for as long as they could come again.
CREATE TABLE saml_requests (
    entity TEXT NOT NULL,
    id     TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (entity, id)
);
CREATE INDEX saml_requests_by_time ON saml_requests (at);

-- saml: people on their way out through several apps.
CREATE TABLE saml_farewells (
    id           TEXT PRIMARY KEY,
    browser_hash BYTEA,
    data         TEXT NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX saml_farewells_by_creation ON saml_farewells (created_at);
