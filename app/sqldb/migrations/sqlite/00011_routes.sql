-- +goose Up
CREATE TABLE switches (
    id INTEGER NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE switch_audit (
    version BIGINT NOT NULL PRIMARY KEY,
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    body BLOB NOT NULL
);

-- +goose Down
DROP TABLE switch_audit;
DROP TABLE switches;
