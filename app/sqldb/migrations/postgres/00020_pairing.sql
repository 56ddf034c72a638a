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
    doc TEXT NOT NULL
);
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms, changed_ms);
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

CREATE TABLE pair_records (
    app TEXT NOT NULL,
    ask_no TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    asker BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    end_at BIGINT NOT NULL, -- 0: the call runs
    liked BIGINT NOT NULL,
    asker_hid BIGINT NOT NULL,
    peer_hid BIGINT NOT NULL,
    PRIMARY KEY (app, ask_no, start_at)
);
CREATE INDEX pair_records_asker ON pair_records (app, asker, start_at, ask_no);
CREATE INDEX pair_records_peer ON pair_records (app, peer, start_at, ask_no);

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
