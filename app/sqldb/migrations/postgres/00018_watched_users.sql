-- +goose Up
-- Whom vendors that report no presence are asked about, and what they said last.
CREATE TABLE watched_users (
    account TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    until_us BIGINT NOT NULL, -- watched
    asked_us BIGINT NOT NULL, -- about; 0: not yet
    seen_us BIGINT NOT NULL,  -- as of when the answer is; 0: none
    online BIGINT NOT NULL,
    PRIMARY KEY (account, user_id)
);
CREATE INDEX watched_users_asked ON watched_users (account, asked_us);
-- When an account is polled next, by whichever replica comes first.
CREATE TABLE presence_polls (
    account TEXT COLLATE "C" NOT NULL,
    due_us BIGINT NOT NULL,
    PRIMARY KEY (account)
);
