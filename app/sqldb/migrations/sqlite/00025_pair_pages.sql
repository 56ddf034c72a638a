-- +goose Up
-- Small documents stand in their key's own tree. Changes are read once here, at
-- the start, all of them: whoever waits has a due time, and people have their key.
DROP TABLE pair_tickets;
DELETE FROM pair_claims;
CREATE TABLE pair_tickets (
    ask_no TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_ms INTEGER, -- when a tick is wanted next; null: never
    changed_ms INTEGER NOT NULL,
    doc BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL;
DROP INDEX pair_people_changed;

-- +goose Down
CREATE INDEX pair_people_changed ON pair_people (app, changed_ms);
DROP TABLE pair_tickets;
DELETE FROM pair_claims;
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
