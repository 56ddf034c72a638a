-- +goose Up
-- What each app stored in files, for its quota.
CREATE TABLE upload_usage (
    app_id TEXT NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
) WITHOUT ROWID;
