-- +goose Up
-- Each step of a ticket writes the whole row: with a rowid a document of some
-- kilobytes stands in its page, and what has ended leaves both indexes.
CREATE TABLE pair_tickets_new (
    ask_no TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_ms INTEGER, -- when a tick is wanted next; null: never
    changed_ms INTEGER NOT NULL,
    doc TEXT NOT NULL
);
INSERT INTO pair_tickets_new SELECT ask_no, app, state, version, due_ms, changed_ms, doc FROM pair_tickets;
DROP TABLE pair_tickets;
ALTER TABLE pair_tickets_new RENAME TO pair_tickets;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX pair_tickets_open ON pair_tickets (app, changed_ms) WHERE state < 2;

-- +goose Down
DROP INDEX pair_tickets_due;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms, changed_ms);
