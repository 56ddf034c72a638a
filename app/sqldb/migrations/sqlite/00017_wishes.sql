-- +goose Up
-- What vendor accounts are asked for now, or may have done or not: the latest of each thing.
CREATE TABLE wishes (
    app_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    thing TEXT NOT NULL,
    account TEXT NOT NULL,
    write_id TEXT NOT NULL,
    want TEXT NOT NULL, -- JSON
    token TEXT NOT NULL,
    claimed_us INTEGER NOT NULL, -- 0: it is not being made again
    at_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, kind, id, thing, account)
) WITHOUT ROWID;
CREATE INDEX wishes_at ON wishes (at_us);
