-- message: what was spent, by whose account; keys are fingerprints and ids. Days and months are numbers such as 20261124.
CREATE TABLE spending (
    key          TEXT PRIMARY KEY,
    day          BIGINT NOT NULL,
    day_amount   BIGINT NOT NULL, -- millionths
    month        BIGINT NOT NULL,
    month_amount BIGINT NOT NULL
);
CREATE INDEX spending_by_month ON spending (month);

-- message: beginnings of numbers, and addresses, that get no codes until then.
CREATE TABLE closed_ranges (
    prefix    TEXT PRIMARY KEY,
    closed_at BIGINT NOT NULL,
    until     BIGINT NOT NULL,
    why       TEXT   NOT NULL,
    times     BIGINT NOT NULL
);
