-- +goose Up
-- What is in doubt is looked for often, and is little; an app's accounts are few, and its groups may be many.
CREATE INDEX owners_state ON owners (state, kind);
CREATE INDEX owners_account ON owners (app_id, kind, account);
