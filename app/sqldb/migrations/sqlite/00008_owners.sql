-- +goose Up
-- Which vendor account has what an app made there, and under which id of the vendor's.
CREATE TABLE owners (
    app_id TEXT NOT NULL,
    kind TEXT NOT NULL, -- group, chatroom, room, block
    id TEXT NOT NULL, -- ours
    account TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    uses INTEGER NOT NULL, -- how often the id was given away again
    state TEXT NOT NULL, -- reserved, made, doubt, gone
    name TEXT NOT NULL,
    person TEXT NOT NULL, -- whose it is among the app's users
    version INTEGER NOT NULL,
    made_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, kind, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX owners_vendor ON owners (account, kind, vendor_id);

-- What operators moved to another account.
CREATE TABLE owner_audit (
    app_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL, -- of the row that the move made
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    moved TEXT NOT NULL, -- JSON: from and to
    PRIMARY KEY (app_id, kind, id, version)
) WITHOUT ROWID;
CREATE INDEX owner_audit_at ON owner_audit (at_us);

-- Who may not talk in, or come into, what an app made: vendors have no list of it.
CREATE TABLE restraints (
    app_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    what TEXT NOT NULL, -- mute, bar
    user_id TEXT NOT NULL, -- empty: everybody
    until_us INTEGER NOT NULL, -- 0: until it is ended
    at_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, kind, id, what, user_id)
) WITHOUT ROWID;
