-- message: which routes are left to try, what became of a message, and what it cost. Keys of numbers, ranges and
-- addresses are keyed fingerprints, so that they can be found and not read.
ALTER TABLE messages ADD COLUMN plan        TEXT   NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN flight      BIGINT NOT NULL DEFAULT 0;   -- claims since the last outcome was written
ALTER TABLE messages ADD COLUMN round       BIGINT NOT NULL DEFAULT 0;   -- how often all routes were tried
ALTER TABLE messages ADD COLUMN outcome     TEXT   NOT NULL DEFAULT '';  -- what the provider told last
ALTER TABLE messages ADD COLUMN cost        BIGINT NOT NULL DEFAULT 0;   -- millionths, of all tries
ALTER TABLE messages ADD COLUMN reserved    BIGINT NOT NULL DEFAULT 0;   -- charged for a try that has not been paid yet
ALTER TABLE messages ADD COLUMN country     TEXT   NOT NULL DEFAULT '';  -- calling code, as in +44
ALTER TABLE messages ADD COLUMN number_key  TEXT   NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN range_key   TEXT   NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN block_key   TEXT   NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN address_key TEXT   NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN entered_at  BIGINT NOT NULL DEFAULT 0;
CREATE INDEX messages_by_challenge ON messages (challenge) WHERE challenge <> '';
CREATE INDEX messages_by_number ON messages (number_key, created_at) WHERE number_key <> '';
CREATE INDEX messages_by_range ON messages (range_key, created_at) WHERE range_key <> '';
CREATE INDEX messages_by_block ON messages (block_key, created_at) WHERE block_key <> '';
CREATE INDEX messages_by_address ON messages (address_key, created_at) WHERE address_key <> '';
CREATE INDEX messages_by_time ON messages (created_at);
CREATE INDEX messages_kept ON messages (expires_at) WHERE state = 'sent' AND sealed IS NOT NULL; -- codes that may still be used
DROP INDEX messages_by_receipt; -- receipts belong to tries

-- message: each time that a message was handed to a route.
CREATE TABLE message_tries (
    message_id TEXT   NOT NULL,
    number     BIGINT NOT NULL,
    route      TEXT   NOT NULL,
    receipt    TEXT   NOT NULL DEFAULT '',
    began_at   BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    outcome    TEXT   NOT NULL,
    cause      TEXT   NOT NULL DEFAULT '',
    cost       BIGINT NOT NULL DEFAULT 0,
    told_at    BIGINT NOT NULL DEFAULT 0, -- when the provider told the outcome
    PRIMARY KEY (message_id, number)
);
CREATE INDEX message_tries_by_receipt ON message_tries (receipt) WHERE receipt <> '';
CREATE INDEX message_tries_by_route ON message_tries (route, began_at);
