-- authenticator: the apps that approve sign-ins. While an authenticator is being set up, its app waits without a method.
CREATE TABLE authenticator_devices (
    id           TEXT PRIMARY KEY,                              -- the thumbprint of its key (RFC 7638)
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    method_id    TEXT REFERENCES methods (id) ON DELETE CASCADE,
    challenge_id TEXT NOT NULL UNIQUE,                          -- the set-up that it was paired in: one app for each
    epoch        BIGINT NOT NULL,                               -- of its person, when a code of this authenticator last proved something
    push         BYTEA,                                         -- sealed: where it is reached
    created_at   BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX authenticator_devices_by_method ON authenticator_devices (method_id);
CREATE INDEX authenticator_devices_by_user ON authenticator_devices (user_id);

-- authenticator: proofs of apps that were shown, for as long as they could be shown again (RFC 9449 section 11.1).
CREATE TABLE authenticator_proofs (
    hash  BYTEA PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX authenticator_proofs_by_end ON authenticator_proofs (until);

-- signin: what is asked of a person now.
CREATE INDEX challenges_open_by_user ON challenges (user_id) WHERE used_at = 0;
