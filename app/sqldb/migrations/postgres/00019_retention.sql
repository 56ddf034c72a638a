-- +goose Up
-- Up to which message of its log an app's messages were swept away: who has missed one of them is told so.
CREATE TABLE message_horizons (
    app_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    msg_id TEXT COLLATE "C" NOT NULL
);

-- Which process sweeps what is kept for a time only, and when it was last through.
CREATE TABLE retention_lease (
    id INTEGER NOT NULL PRIMARY KEY,
    node TEXT COLLATE "C" NOT NULL,
    until_us BIGINT NOT NULL,
    ended_us BIGINT NOT NULL
);
INSERT INTO retention_lease (id, node, until_us, ended_us) VALUES (1, '', 0, 0);

-- Whose files there are. A row is there before its file is, and goes after it.
CREATE TABLE files (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    app_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL, -- empty: the app's server, or somebody unknown of an open app
    bytes BIGINT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX files_age ON files (app_id, at_us);
CREATE INDEX files_user ON files (app_id, user_id, name);

CREATE INDEX pair_records_age ON pair_records (app, start_at);
