-- +goose Up
-- A row for each of the two people: two inserts into one tree instead of one into
-- three. Records of before, which no release has written, are given up.
DROP TABLE pair_records;
CREATE TABLE pair_records (
    uid BIGINT NOT NULL, -- whose row it is: asker or peer
    app VARBINARY(64) NOT NULL,
    start_at BIGINT NOT NULL, -- Unix seconds, as end_at
    ask_no VARBINARY(64) NOT NULL,
    asker BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    call_id VARBINARY(255) NOT NULL,
    end_at BIGINT NOT NULL,
    liked BIGINT NOT NULL,
    hidden BIGINT NOT NULL DEFAULT 0, -- 1: he deleted it
    PRIMARY KEY (uid, app, start_at, ask_no)
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE pair_records;
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
