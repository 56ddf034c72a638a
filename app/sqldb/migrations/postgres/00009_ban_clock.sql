-- +goose Up
-- Counts bans and their ends, so that a replica finds out that there was one with one
-- small reading.
CREATE TABLE ban_clock (
    id INTEGER NOT NULL PRIMARY KEY,
    tick BIGINT NOT NULL
);
INSERT INTO ban_clock (id, tick) VALUES (1, 0);
-- +goose Down
DROP TABLE ban_clock;
