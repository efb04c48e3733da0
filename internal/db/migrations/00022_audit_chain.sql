-- audit: events are sealed in blocks, each with the one before, so that a removed or altered one shows.
ALTER TABLE audit_events ADD COLUMN block BIGINT NOT NULL DEFAULT 0; -- 0: not sealed yet
CREATE INDEX audit_events_unsealed ON audit_events (id) WHERE block = 0;
CREATE INDEX audit_events_by_block ON audit_events (block, id) WHERE block > 0;

CREATE TABLE audit_blocks (
    number BIGINT PRIMARY KEY,
    at     BIGINT NOT NULL,
    events BIGINT NOT NULL,
    newest BIGINT NOT NULL, -- when the newest of them happened
    digest BYTEA NOT NULL,  -- of the events
    hash   BYTEA NOT NULL,  -- of all that, and of the block before
    mac    BYTEA NOT NULL,  -- of the hash: who has the database alone cannot make it
    pruned BYTEA            -- made likewise, when its events were deleted for their age
);
