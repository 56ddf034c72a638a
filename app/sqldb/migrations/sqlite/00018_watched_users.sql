-- +goose Up
-- Whom vendors that report no presence are asked about, and what they said last.
CREATE TABLE watched_users (
    account TEXT NOT NULL,
    user_id TEXT NOT NULL,
    until_us INTEGER NOT NULL, -- watched
    asked_us INTEGER NOT NULL, -- about; 0: not yet
    seen_us INTEGER NOT NULL,  -- as of when the answer is; 0: none
    online INTEGER NOT NULL,
    PRIMARY KEY (account, user_id)
) WITHOUT ROWID;
CREATE INDEX watched_users_asked ON watched_users (account, asked_us);
-- When an account is polled next, by whichever replica comes first.
CREATE TABLE presence_polls (
    account TEXT NOT NULL,
    due_us INTEGER NOT NULL,
    PRIMARY KEY (account)
) WITHOUT ROWID;
