-- +goose Up
-- Keys that make the creation of a conversation safe to repeat. fresh: the conversation was new then.
CREATE TABLE create_keys (
    app_id TEXT NOT NULL,
    caller TEXT NOT NULL, -- a user, or empty for the app's server
    rules SMALLINT NOT NULL, -- 0: the gateway API's, 1: the conversation API's
    idem_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    conv_id TEXT NOT NULL,
    fresh SMALLINT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, caller, rules, idem_key)
) WITHOUT ROWID;
CREATE INDEX create_keys_age ON create_keys (at_us);
