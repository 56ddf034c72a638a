-- +goose Up
-- Holds that we end in the place of a vendor which holds until it is told otherwise.
CREATE TABLE lifts (
    app_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    what TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    vendor_id TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL, -- who asked for it
    due_us BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id, what, user_id, account)
);
CREATE INDEX lifts_due ON lifts (due_us);
