-- +goose Up
-- Keys that make the creation of a conversation safe to repeat. fresh: the conversation was new then.
CREATE TABLE create_keys (
    app_id VARBINARY(64) NOT NULL,
    caller VARBINARY(64) NOT NULL, -- a user, or empty for the app's server
    rules SMALLINT NOT NULL, -- 0: the gateway API's, 1: the conversation API's
    idem_key VARBINARY(128) NOT NULL,
    digest VARBINARY(64) NOT NULL,
    conv_id VARBINARY(64) NOT NULL,
    fresh SMALLINT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, caller, rules, idem_key)
) ENGINE=InnoDB;
CREATE INDEX create_keys_age ON create_keys (at_us);
