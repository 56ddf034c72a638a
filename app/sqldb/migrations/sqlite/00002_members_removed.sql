-- +goose Up
-- removed: others took this person out, who does not come back by themselves.
ALTER TABLE members ADD COLUMN removed SMALLINT NOT NULL DEFAULT 0;
