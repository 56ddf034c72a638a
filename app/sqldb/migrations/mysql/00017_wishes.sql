-- +goose Up
-- What vendor accounts are asked for now, or may have done or not: the latest of each thing.
CREATE TABLE wishes (
    app_id VARBINARY(64) NOT NULL,
    kind VARBINARY(16) NOT NULL,
    id VARBINARY(64) NOT NULL,
    thing VARBINARY(128) NOT NULL,
    account VARBINARY(64) NOT NULL,
    write_id VARBINARY(64) NOT NULL,
    want MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- JSON
    token VARBINARY(64) NOT NULL,
    claimed_us BIGINT NOT NULL, -- 0: it is not being made again
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id, thing, account),
    KEY wishes_at (at_us)
) ENGINE=InnoDB;
