-- +goose Up
CREATE TABLE switches (
    id INTEGER NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    body MEDIUMBLOB NOT NULL
);
CREATE TABLE switch_audit (
    version BIGINT NOT NULL PRIMARY KEY,
    at_us BIGINT NOT NULL,
    actor VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    reason VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    body MEDIUMBLOB NOT NULL
);

-- +goose Down
DROP TABLE switch_audit;
DROP TABLE switches;
