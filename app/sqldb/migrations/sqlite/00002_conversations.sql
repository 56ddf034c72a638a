-- +goose Up
-- Times are Unix microseconds, 0: never. Flags are 0 or 1.
CREATE TABLE users (
    app_id TEXT NOT NULL,
    id TEXT NOT NULL,
    ext TEXT,
    banned INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, id)
) WITHOUT ROWID;

CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL,
    type INTEGER NOT NULL,
    creator TEXT NOT NULL,
    ext TEXT,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    members INTEGER NOT NULL,
    roster INTEGER NOT NULL, -- version of the member list, from 1
    last_seq INTEGER NOT NULL,
    last_msg_id TEXT NOT NULL,
    last_sender TEXT NOT NULL,
    last_us INTEGER NOT NULL,
    pair_key TEXT, -- the two people of a one-to-one conversation
    UNIQUE (app_id, pair_key)
);
CREATE INDEX conversations_newest ON conversations (app_id, created_us, id);

CREATE TABLE members (
    conv_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    joined_us INTEGER NOT NULL,
    join_seq INTEGER NOT NULL, -- sees what is above
    left_us INTEGER NOT NULL,
    roster INTEGER NOT NULL, -- the version that the last change of this row made
    PRIMARY KEY (conv_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_user ON members (app_id, user_id, conv_id);
CREATE INDEX members_joined ON members (conv_id, joined_us, user_id);
CREATE INDEX members_roster ON members (conv_id, roster);

-- The last tick given to a message; locked by every send until its commit, so
-- that ids rise in the order of commits.
CREATE TABLE message_clock (
    id INTEGER NOT NULL PRIMARY KEY,
    tick INTEGER NOT NULL
);
INSERT INTO message_clock (id, tick) VALUES (1, 0);

CREATE TABLE messages (
    conv_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    app_id TEXT NOT NULL,
    msg_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    type INTEGER NOT NULL,
    status INTEGER NOT NULL,
    content TEXT NOT NULL,
    attr TEXT,
    url TEXT NOT NULL,
    no_sync INTEGER NOT NULL,
    mention_all INTEGER NOT NULL,
    mentions TEXT NOT NULL, -- JSON list, or empty
    at_us INTEGER NOT NULL,
    PRIMARY KEY (conv_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX messages_id ON messages (msg_id);

CREATE TABLE send_keys (
    app_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    client_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    msg_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, sender, client_key)
) WITHOUT ROWID;
CREATE INDEX send_keys_age ON send_keys (at_us);

-- +goose Down
DROP TABLE send_keys;
DROP TABLE messages;
DROP TABLE message_clock;
DROP TABLE members;
DROP TABLE conversations;
DROP TABLE users;
