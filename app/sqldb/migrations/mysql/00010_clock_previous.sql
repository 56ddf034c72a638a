-- +goose Up
-- previous: what tick was before it was last changed. Who takes ticks learns so whether
-- anybody took one in between.
ALTER TABLE message_clock ADD COLUMN previous BIGINT NOT NULL DEFAULT 0;
