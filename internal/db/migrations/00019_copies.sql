-- copies: what authenticator apps leave here, which only its owner can read. It stays when the app has gone.
CREATE TABLE authenticator_copies (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id  TEXT NOT NULL,               -- the thumbprint of the key of the app that renews it
    sealed     BYTEA NOT NULL,
    size       BIGINT NOT NULL,             -- bytes of the copy
    created_at BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    link_hash  BYTEA,                       -- of the token that opens it once
    link_until BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX authenticator_copies_by_device ON authenticator_copies (user_id, device_id);
CREATE UNIQUE INDEX authenticator_copies_by_link ON authenticator_copies (link_hash);
