-- microsoft365: tenants of Microsoft 365 that this installation looks after.
CREATE TABLE microsoft365_tenants (
    id         TEXT   PRIMARY KEY, -- Microsoft's id, small letters
    cloud      TEXT   NOT NULL,
    app_id     TEXT   NOT NULL,    -- of our application there; empty: there is none, scripts are all that can be had
    initial    TEXT   NOT NULL,    -- NAME.onmicrosoft.com, as it was last read; empty: not yet
    created_at BIGINT NOT NULL
);

-- microsoft365: what proves that we are the application. The newest is tried first, so that a new certificate can be made
-- before it was uploaded.
CREATE TABLE microsoft365_credentials (
    id          TEXT   PRIMARY KEY,
    tenant_id   TEXT   NOT NULL,
    sealed      BYTEA  NOT NULL, -- the private key (PKCS 8), or the secret
    certificate BYTEA  NOT NULL, -- DER; empty: it is a secret
    ends_at     BIGINT NOT NULL, -- of the certificate; 0: not known
    created_at  BIGINT NOT NULL
);
CREATE INDEX microsoft365_credentials_by_tenant ON microsoft365_credentials (tenant_id);

-- microsoft365: domains whose people sign in here, or will.
CREATE TABLE microsoft365_domains (
    name          TEXT   PRIMARY KEY, -- small letters
    tenant_id     TEXT   NOT NULL,
    issuer        TEXT   NOT NULL UNIQUE, -- speaks for this domain and no other
    protocol      TEXT   NOT NULL, -- wsfed or saml
    configuration TEXT   NOT NULL, -- Microsoft's id of the federation; empty: the domain is not federated with us
    current_cert  TEXT   NOT NULL, -- fingerprint of the certificate that Microsoft takes, as it was last read
    next_cert     TEXT   NOT NULL, -- and of the one that it takes besides
    read_at       BIGINT NOT NULL, -- when that was read; 0: never
    created_at    BIGINT NOT NULL
);
CREATE INDEX microsoft365_domains_by_tenant ON microsoft365_domains (tenant_id);

-- microsoft365: which account of a tenant is whose.
CREATE TABLE microsoft365_accounts (
    tenant_id    TEXT   NOT NULL,
    user_id      TEXT   NOT NULL,
    object_id    TEXT   NOT NULL, -- Microsoft's id of the account; empty: it is about to be made
    upn          TEXT   NOT NULL,
    immutable_id TEXT   NOT NULL, -- as Microsoft has it; empty: it has none yet
    matched_by   TEXT   NOT NULL,
    matched_at   BIGINT NOT NULL,
    disabled_at  BIGINT NOT NULL, -- when we switched it off; 0: we did not
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX microsoft365_accounts_by_user ON microsoft365_accounts (user_id);
CREATE UNIQUE INDEX microsoft365_accounts_by_object ON microsoft365_accounts (tenant_id, object_id) WHERE object_id <> '';
CREATE UNIQUE INDEX microsoft365_accounts_by_immutable ON microsoft365_accounts (tenant_id, immutable_id) WHERE immutable_id <> '';

-- microsoft365: a plan of changes in a tenant, and how far it has come.
CREATE TABLE microsoft365_plans (
    id         TEXT   PRIMARY KEY,
    tenant_id  TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL, -- 0: there is more to do
    runner     TEXT   NOT NULL, -- who works on it
    until      BIGINT NOT NULL  -- as long as nothing is heard of them
);
CREATE UNIQUE INDEX microsoft365_plans_open ON microsoft365_plans (tenant_id) WHERE ended_at = 0;
CREATE TABLE microsoft365_steps (
    plan_id  TEXT   NOT NULL,
    place    BIGINT NOT NULL, -- they are done in this order
    user_id  TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    upn      TEXT   NOT NULL,
    data     TEXT   NOT NULL, -- JSON
    state    TEXT   NOT NULL, -- waiting, doing, done, skipped or failed
    trouble  TEXT   NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (plan_id, place)
);
CREATE INDEX microsoft365_steps_open ON microsoft365_steps (plan_id, place) WHERE state IN ('waiting', 'doing');
