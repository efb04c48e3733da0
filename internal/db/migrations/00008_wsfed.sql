-- wsfed: which requests were answered, so that loops and bookmarks are noticed on any node.
CREATE TABLE wsfed_answers (
    id        TEXT PRIMARY KEY,   -- hash of the person, the app and the request's number
    first_at  BIGINT NOT NULL,
    window_at BIGINT NOT NULL,    -- since when tries are counted
    tries     BIGINT NOT NULL
);
CREATE INDEX wsfed_answers_by_age ON wsfed_answers (first_at);
