-- +goose Up
-- A row for each of the two people: two inserts into one tree instead of one into
-- three. Records of before, which no release has written, are given up. The
-- key begins with a number, which SQLite compares faster than a text.
DROP TABLE pair_records;
CREATE TABLE pair_records (
    uid INTEGER NOT NULL, -- whose row it is: asker or peer
    app TEXT NOT NULL,
    start_at INTEGER NOT NULL, -- Unix seconds, as end_at
    ask_no TEXT NOT NULL,
    asker INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    round_no INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    end_at INTEGER NOT NULL,
    liked INTEGER NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0, -- 1: he deleted it
    PRIMARY KEY (uid, app, start_at, ask_no)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE pair_records;
CREATE TABLE pair_records (
    app TEXT NOT NULL,
    ask_no TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    asker INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    round_no INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    end_at INTEGER NOT NULL, -- 0: the call runs
    liked INTEGER NOT NULL,
    asker_hid INTEGER NOT NULL,
    peer_hid INTEGER NOT NULL,
    PRIMARY KEY (app, ask_no, start_at)
) WITHOUT ROWID;
CREATE INDEX pair_records_asker ON pair_records (app, asker, start_at, ask_no);
CREATE INDEX pair_records_peer ON pair_records (app, peer, start_at, ask_no);
