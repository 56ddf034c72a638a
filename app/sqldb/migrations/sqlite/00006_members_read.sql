-- +goose Up
-- read_seq: up to here the member has said to have read.
ALTER TABLE members ADD COLUMN read_seq INTEGER NOT NULL DEFAULT 0;
