-- +goose Up
CREATE TABLE switches (
    id INTEGER NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    body BYTEA NOT NULL
);
CREATE TABLE switch_audit (
    version BIGINT NOT NULL PRIMARY KEY,
    at_us BIGINT NOT NULL,
    actor VARCHAR(128) NOT NULL,
    reason VARCHAR(128) NOT NULL,
    body BYTEA NOT NULL
);

-- +goose Down
DROP TABLE switch_audit;
DROP TABLE switches;
