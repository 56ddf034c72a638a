-- +goose Up
CREATE TABLE events (
    id VARCHAR(255) NOT NULL PRIMARY KEY,
    payload BYTEA NOT NULL,
    attempts INTEGER NOT NULL,
    created_us BIGINT NOT NULL,
    due_us BIGINT
);
CREATE INDEX events_due ON events (due_us);
CREATE INDEX events_created ON events (created_us);

-- +goose Down
DROP TABLE events;
