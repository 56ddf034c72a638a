-- +goose Up
-- Which vendor account has what an app made there, and under which id of the vendor's.
CREATE TABLE owners (
    app_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL, -- group, chatroom, room, block
    id TEXT COLLATE "C" NOT NULL, -- ours
    account TEXT COLLATE "C" NOT NULL,
    vendor_id TEXT COLLATE "C" NOT NULL,
    uses BIGINT NOT NULL, -- how often the id was given away again
    state TEXT COLLATE "C" NOT NULL, -- reserved, made, doubt, gone
    name TEXT NOT NULL,
    person TEXT NOT NULL, -- whose it is among the app's users
    version BIGINT NOT NULL,
    made_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id)
);
CREATE UNIQUE INDEX owners_vendor ON owners (account, kind, vendor_id);

-- What operators moved to another account.
CREATE TABLE owner_audit (
    app_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL, -- of the row that the move made
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    moved TEXT NOT NULL, -- JSON: from and to
    PRIMARY KEY (app_id, kind, id, version)
);
CREATE INDEX owner_audit_at ON owner_audit (at_us);

-- Who may not talk in, or come into, what an app made: vendors have no list of it.
CREATE TABLE restraints (
    app_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    what TEXT COLLATE "C" NOT NULL, -- mute, bar
    user_id TEXT COLLATE "C" NOT NULL, -- empty: everybody
    until_us BIGINT NOT NULL, -- 0: until it is ended
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id, what, user_id)
);
