-- +goose Up
-- How vendor accounts were told to show users: vendors do not tell. Names and portraits
-- that were given for vendors stand here alone.
CREATE TABLE profiles (
    app_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL, -- empty: never given
    portrait TEXT NOT NULL,
    at_us INTEGER NOT NULL, -- when the account took it last
    PRIMARY KEY (app_id, user_id, account)
) WITHOUT ROWID;
