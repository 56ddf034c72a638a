-- +goose Up
-- The digest of the last write about a thing, so that one in doubt knows whether another came behind it.
ALTER TABLE owners ADD COLUMN last_write TEXT NOT NULL DEFAULT '';
