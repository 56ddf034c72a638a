-- +goose Up
-- Holds that we end in the place of a vendor which holds until it is told otherwise.
CREATE TABLE lifts (
    app_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    what TEXT NOT NULL,
    user_id TEXT NOT NULL,
    account TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    person TEXT NOT NULL, -- who asked for it
    due_us INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (app_id, kind, id, what, user_id, account)
) WITHOUT ROWID;
CREATE INDEX lifts_due ON lifts (due_us);
