-- +goose Up
-- Until when an event is remembered, where its app says something about that; 0: as long as all others.
ALTER TABLE events ADD COLUMN until_us BIGINT NOT NULL DEFAULT 0;
DROP INDEX events_created;
CREATE INDEX events_kept ON events (until_us, created_us);
