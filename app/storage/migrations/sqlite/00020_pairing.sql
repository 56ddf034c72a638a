-- +goose Up
-- Times are Unix milliseconds in the store's clock, but start_at and end_at,
-- which are Unix seconds as on the wire. Flags are 0 or 1.
CREATE TABLE pair_tickets (
    ask_no TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_ms INTEGER, -- when a tick is wanted next; null: never
    changed_ms INTEGER NOT NULL,
    doc BLOB NOT NULL -- pairing_doc.go
) WITHOUT ROWID;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL; -- what has ended leaves it

CREATE TABLE pair_claims (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    ask_no TEXT NOT NULL,
    role INTEGER NOT NULL,
    round_no INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    lease_ms INTEGER NOT NULL,
    PRIMARY KEY (app, uid)
) WITHOUT ROWID;

CREATE TABLE pair_people (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    ready_ms INTEGER NOT NULL,
    idle_ms INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    card TEXT NOT NULL, -- JSON
    avail TEXT NOT NULL, -- JSON
    sessions TEXT NOT NULL, -- JSON
    online_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (app, uid)
) WITHOUT ROWID;

-- A row for each of the two people: one range lists what a person has.
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

CREATE TABLE pair_configs (
    id TEXT NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE pair_configs;
DROP TABLE pair_records;
DROP TABLE pair_people;
DROP TABLE pair_claims;
DROP TABLE pair_tickets;
