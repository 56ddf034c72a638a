-- +goose Up
-- Times are Unix milliseconds in the store's clock, but start_at and end_at,
-- which are Unix seconds as on the wire. Flags are 0 or 1.
CREATE TABLE pair_tickets (
    ask_no TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    state BIGINT NOT NULL,
    version BIGINT NOT NULL,
    due_ms BIGINT, -- when a tick is wanted next; null: never
    changed_ms BIGINT NOT NULL,
    doc BYTEA NOT NULL -- pairing_doc.go
);
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL; -- what has ended leaves it
CREATE INDEX pair_tickets_open ON pair_tickets (app, changed_ms) WHERE state < 2;

CREATE TABLE pair_claims (
    app TEXT NOT NULL,
    uid BIGINT NOT NULL,
    ask_no TEXT NOT NULL,
    role BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    lease_ms BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
);

CREATE TABLE pair_people (
    app TEXT NOT NULL,
    uid BIGINT NOT NULL,
    ready_ms BIGINT NOT NULL,
    idle_ms BIGINT NOT NULL,
    paused BIGINT NOT NULL,
    card TEXT NOT NULL, -- JSON
    avail TEXT NOT NULL, -- JSON
    sessions TEXT NOT NULL, -- JSON
    online_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
);
CREATE INDEX pair_people_changed ON pair_people (app, changed_ms);

-- A row for each of the two people: one range lists what a person has.
CREATE TABLE pair_records (
    uid BIGINT NOT NULL, -- whose row it is: asker or peer
    app TEXT NOT NULL,
    start_at BIGINT NOT NULL, -- Unix seconds, as end_at
    ask_no TEXT NOT NULL,
    asker BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    end_at BIGINT NOT NULL,
    liked BIGINT NOT NULL,
    hidden BIGINT NOT NULL DEFAULT 0, -- 1: he deleted it
    PRIMARY KEY (uid, app, start_at, ask_no)
);

CREATE TABLE pair_configs (
    id TEXT NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL
);

-- +goose Down
DROP TABLE pair_configs;
DROP TABLE pair_records;
DROP TABLE pair_people;
DROP TABLE pair_claims;
DROP TABLE pair_tickets;
