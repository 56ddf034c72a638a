-- +goose Up
-- A ticket's document is no JSON any more (pairing_doc.go). Tickets live for
-- minutes: those of before are given up, and their people are free.
DELETE FROM pair_claims;
DELETE FROM pair_tickets;
ALTER TABLE pair_tickets DROP COLUMN doc;
ALTER TABLE pair_tickets ADD COLUMN doc BYTEA NOT NULL;

-- +goose Down
DELETE FROM pair_claims;
DELETE FROM pair_tickets;
ALTER TABLE pair_tickets DROP COLUMN doc;
ALTER TABLE pair_tickets ADD COLUMN doc TEXT NOT NULL;
