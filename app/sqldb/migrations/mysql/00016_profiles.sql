-- +goose Up
-- How vendor accounts were told to show users: vendors do not tell. Names and portraits
-- that were given for vendors stand here alone.
CREATE TABLE profiles (
    app_id VARBINARY(64) NOT NULL,
    user_id VARBINARY(64) NOT NULL,
    account VARBINARY(64) NOT NULL,
    name MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- empty: never given
    portrait MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    at_us BIGINT NOT NULL, -- when the account took it last
    PRIMARY KEY (app_id, user_id, account)
) ENGINE=InnoDB;
