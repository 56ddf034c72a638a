-- +goose Up
-- What each app stored in files, for its quota.
CREATE TABLE upload_usage (
    app_id VARBINARY(64) NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL
) ENGINE=InnoDB;
