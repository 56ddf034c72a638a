-- +goose Up
-- A ticket's document is no JSON any more (pairing_doc.go). Tickets live for
-- minutes: those of before are given up, and their people are free.
DELETE FROM pair_claims;
DROP TABLE pair_tickets;
CREATE TABLE pair_tickets (
    ask_no TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_ms INTEGER, -- when a tick is wanted next; null: never
    changed_ms INTEGER NOT NULL,
    doc BLOB NOT NULL
);
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX pair_tickets_open ON pair_tickets (app, changed_ms) WHERE state < 2;

-- +goose Down
DELETE FROM pair_claims;
DROP TABLE pair_tickets;
CREATE TABLE pair_tickets (
    ask_no TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_ms INTEGER, -- when a tick is wanted next; null: never
    changed_ms INTEGER NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX pair_tickets_open ON pair_tickets (app, changed_ms) WHERE state < 2;
