-- +goose Up
-- What vendor accounts are asked for now, or may have done or not: the latest of each thing.
CREATE TABLE wishes (
    app_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    thing TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    write_id TEXT COLLATE "C" NOT NULL,
    want TEXT NOT NULL, -- JSON
    token TEXT COLLATE "C" NOT NULL,
    claimed_us BIGINT NOT NULL, -- 0: it is not being made again
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id, thing, account)
);
CREATE INDEX wishes_at ON wishes (at_us);
