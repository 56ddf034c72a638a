-- +goose Up
-- Events of one order_key are sent on one after the other, in the order of created_us, seq and id; those without one
-- side by side.
ALTER TABLE events ADD COLUMN order_key VARBINARY(32) NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
CREATE INDEX events_order ON events (order_key, created_us, seq);
