-- app/oidc: what an app was given in somebody's name, or in its own. At first it is a code. Tokens stand nowhere: they name
-- their grant and carry a fingerprint that only the key file makes.
CREATE TABLE oidc_grants (
    id          TEXT PRIMARY KEY,
    app_id      TEXT NOT NULL,
    visit_id    TEXT NOT NULL,              -- '': the app itself, nobody signed in (client credentials)
    user_id     TEXT NOT NULL,
    offline     BOOLEAN NOT NULL,           -- lives on after the person has signed out
    scope       TEXT NOT NULL,
    terms       TEXT NOT NULL,              -- JSON: what the code is bound to, and what ID tokens say
    claims      TEXT NOT NULL DEFAULT '',   -- what the app may ask for by name, besides what goes with the scope
    code_until  BIGINT NOT NULL,
    redeemed_at BIGINT NOT NULL DEFAULT 0,  -- the code, once
    generation  BIGINT NOT NULL DEFAULT 0,  -- of the refresh token that is good now; 0: there is none
    rotated_at  BIGINT NOT NULL DEFAULT 0,
    idle_until  BIGINT NOT NULL DEFAULT 0,  -- the refresh token dies if it is not used before
    ends_at     BIGINT NOT NULL DEFAULT 0,  -- and then in any case
    voided_at   BIGINT NOT NULL DEFAULT 0,  -- access tokens made up to then are void
    revoked_at  BIGINT NOT NULL DEFAULT 0,
    sweep_at    BIGINT NOT NULL             -- when to look whether it is of any use still
);
CREATE INDEX oidc_grants_by_sweep ON oidc_grants (sweep_at);

-- app/oidc: the secrets of apps, as fingerprints. Two are good while one is changed for the other.
CREATE TABLE oidc_secrets (
    id         TEXT PRIMARY KEY,
    app_id     TEXT NOT NULL,
    hash       BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX oidc_secrets_by_app ON oidc_secrets (app_id);

-- app/oidc: assertions that apps have signed in with, each good once (RFC 7523 section 3).
CREATE TABLE oidc_assertions (
    hash       BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX oidc_assertions_by_expiry ON oidc_assertions (expires_at);

-- app/oidc: requests that apps have sent ahead of the browser (RFC 9126).
CREATE TABLE oidc_pushed (
    hash       BYTEA PRIMARY KEY,
    app_id     TEXT NOT NULL,
    params     TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX oidc_pushed_by_expiry ON oidc_pushed (expires_at);

-- app/oidc: what people let others' apps know.
CREATE TABLE oidc_consents (
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    app_id   TEXT NOT NULL,
    scope    TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, app_id)
);

-- app/oidc: devices that wait for somebody to let them in elsewhere (RFC 8628).
CREATE TABLE oidc_devices (
    id         TEXT PRIMARY KEY,
    code_hash  BYTEA NOT NULL UNIQUE,       -- of the code that is typed
    app_id     TEXT NOT NULL,
    scope      TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT '',    -- '', 'allowed', 'refused', 'used'
    grant_id   TEXT NOT NULL DEFAULT '',
    pause      BIGINT NOT NULL,             -- between two questions, in milliseconds
    asked_at   BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL
);
CREATE INDEX oidc_devices_by_expiry ON oidc_devices (expires_at);

-- app/oidc: sign-outs that apps are being told of, or could not be told of yet.
CREATE TABLE oidc_logouts (
    visit_id TEXT PRIMARY KEY,
    tries    BIGINT NOT NULL,
    next_at  BIGINT NOT NULL
);
CREATE INDEX oidc_logouts_by_next ON oidc_logouts (next_at);
-- What there is to tell an app is found without looking at that of others.
CREATE INDEX visits_untold_by_app ON visits (app_id, ended_at) WHERE ended_at > 0 AND told_at = 0;
