-- +goose Up
-- Times are Unix microseconds, 0: never. Flags are 0 or 1.
CREATE TABLE users (
    app_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    ext TEXT,
    banned SMALLINT NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, id)
);

CREATE TABLE conversations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    app_id TEXT COLLATE "C" NOT NULL,
    type SMALLINT NOT NULL,
    creator TEXT COLLATE "C" NOT NULL,
    ext TEXT,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    archived SMALLINT NOT NULL,
    deleted SMALLINT NOT NULL,
    members BIGINT NOT NULL,
    roster BIGINT NOT NULL, -- version of the member list, from 1
    last_seq BIGINT NOT NULL,
    last_msg_id TEXT COLLATE "C" NOT NULL,
    last_sender TEXT COLLATE "C" NOT NULL,
    last_us BIGINT NOT NULL,
    pair_key TEXT COLLATE "C", -- the two people of a one-to-one conversation
    UNIQUE (app_id, pair_key)
);
CREATE INDEX conversations_newest ON conversations (app_id, created_us, id);

CREATE TABLE members (
    conv_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    joined_us BIGINT NOT NULL,
    join_seq BIGINT NOT NULL, -- sees what is above
    left_us BIGINT NOT NULL,
    roster BIGINT NOT NULL, -- the version that the last change of this row made
    PRIMARY KEY (conv_id, user_id)
);
CREATE INDEX members_user ON members (app_id, user_id, conv_id);
CREATE INDEX members_joined ON members (conv_id, joined_us, user_id);
CREATE INDEX members_roster ON members (conv_id, roster);

-- The last tick given to a message; locked by every send until its commit, so
-- that ids rise in the order of commits.
CREATE TABLE message_clock (
    id INTEGER NOT NULL PRIMARY KEY,
    tick BIGINT NOT NULL
);
INSERT INTO message_clock (id, tick) VALUES (1, 0);

CREATE TABLE messages (
    conv_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    msg_id TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    type BIGINT NOT NULL,
    status BIGINT NOT NULL,
    content TEXT NOT NULL,
    attr TEXT,
    url TEXT NOT NULL,
    no_sync SMALLINT NOT NULL,
    mention_all SMALLINT NOT NULL,
    mentions TEXT NOT NULL, -- JSON list, or empty
    at_us BIGINT NOT NULL,
    PRIMARY KEY (conv_id, seq)
);
CREATE UNIQUE INDEX messages_id ON messages (msg_id);

CREATE TABLE send_keys (
    app_id TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    client_key TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    msg_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, sender, client_key)
);
CREATE INDEX send_keys_age ON send_keys (at_us);

-- +goose Down
DROP TABLE send_keys;
DROP TABLE messages;
DROP TABLE message_clock;
DROP TABLE members;
DROP TABLE conversations;
DROP TABLE users;
