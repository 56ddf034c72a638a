-- +goose Up
-- Which vendor account has what an app made there, and under which id of the vendor's.
CREATE TABLE owners (
    app_id VARBINARY(64) NOT NULL,
    kind VARBINARY(16) NOT NULL, -- group, chatroom, room, block
    id VARBINARY(64) NOT NULL, -- ours
    account VARBINARY(64) NOT NULL,
    vendor_id VARBINARY(128) NOT NULL,
    uses BIGINT NOT NULL, -- how often the id was given away again
    state VARBINARY(16) NOT NULL, -- reserved, made, doubt, gone
    name VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    person VARBINARY(64) NOT NULL, -- whose it is among the app's users
    version BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id)
) ENGINE=InnoDB;
CREATE UNIQUE INDEX owners_vendor ON owners (account, kind, vendor_id);

-- What operators moved to another account.
CREATE TABLE owner_audit (
    app_id VARBINARY(64) NOT NULL,
    kind VARBINARY(16) NOT NULL,
    id VARBINARY(64) NOT NULL,
    version BIGINT NOT NULL, -- of the row that the move made
    at_us BIGINT NOT NULL,
    actor VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    reason VARCHAR(256) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    moved TEXT NOT NULL, -- JSON: from and to
    PRIMARY KEY (app_id, kind, id, version)
) ENGINE=InnoDB;
CREATE INDEX owner_audit_at ON owner_audit (at_us);

-- Who may not talk in, or come into, what an app made: vendors have no list of it.
CREATE TABLE restraints (
    app_id VARBINARY(64) NOT NULL,
    kind VARBINARY(16) NOT NULL,
    id VARBINARY(64) NOT NULL,
    what VARBINARY(16) NOT NULL, -- mute, bar
    user_id VARBINARY(64) NOT NULL, -- empty: everybody
    until_us BIGINT NOT NULL, -- 0: until it is ended
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id, what, user_id)
) ENGINE=InnoDB;
