-- +goose Up
CREATE TABLE store_probe (
    id INTEGER NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL
);
INSERT INTO store_probe (id, beat) VALUES (1, 0);

-- +goose Down
DROP TABLE store_probe;
