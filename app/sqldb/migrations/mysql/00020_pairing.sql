-- +goose Up
-- Times are Unix milliseconds in the store's clock, but start_at and end_at,
-- which are Unix seconds as on the wire. Flags are 0 or 1.
CREATE TABLE pair_tickets (
    ask_no VARBINARY(64) NOT NULL PRIMARY KEY,
    app VARBINARY(64) NOT NULL,
    state BIGINT NOT NULL,
    version BIGINT NOT NULL,
    due_ms BIGINT, -- when a tick is wanted next; null: never
    changed_ms BIGINT NOT NULL,
    doc MEDIUMBLOB NOT NULL
) ENGINE=InnoDB;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms, changed_ms);
CREATE INDEX pair_tickets_open ON pair_tickets (app, state, changed_ms);

CREATE TABLE pair_claims (
    app VARBINARY(64) NOT NULL,
    uid BIGINT NOT NULL,
    ask_no VARBINARY(64) NOT NULL,
    role BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    lease_ms BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
) ENGINE=InnoDB;

CREATE TABLE pair_people (
    app VARBINARY(64) NOT NULL,
    uid BIGINT NOT NULL,
    ready_ms BIGINT NOT NULL,
    idle_ms BIGINT NOT NULL,
    paused BIGINT NOT NULL,
    card BLOB NOT NULL, -- JSON
    avail BLOB NOT NULL, -- JSON
    sessions BLOB NOT NULL, -- JSON
    online_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (app, uid)
) ENGINE=InnoDB;
CREATE INDEX pair_people_changed ON pair_people (app, changed_ms);

CREATE TABLE pair_records (
    app VARBINARY(64) NOT NULL,
    ask_no VARBINARY(64) NOT NULL,
    start_at BIGINT NOT NULL,
    asker BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    call_id VARBINARY(255) NOT NULL,
    end_at BIGINT NOT NULL, -- 0: the call runs
    liked BIGINT NOT NULL,
    asker_hid BIGINT NOT NULL,
    peer_hid BIGINT NOT NULL,
    PRIMARY KEY (app, ask_no, start_at)
) ENGINE=InnoDB;
CREATE INDEX pair_records_asker ON pair_records (app, asker, start_at, ask_no);
CREATE INDEX pair_records_peer ON pair_records (app, peer, start_at, ask_no);

CREATE TABLE pair_configs (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    doc MEDIUMBLOB NOT NULL
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE pair_configs;
DROP TABLE pair_records;
DROP TABLE pair_people;
DROP TABLE pair_claims;
DROP TABLE pair_tickets;
