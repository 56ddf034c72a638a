-- +goose Up
-- Whose data is to go, and how far that is; when it is done, user_id is empty, and the row is the audit's.
CREATE TABLE erasures (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    app_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL, -- running, done
    idem TEXT COLLATE "C", -- digest of the caller's key and the user
    began_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    doc TEXT COLLATE "C" NOT NULL, -- JSON
    UNIQUE (app_id, idem)
);
CREATE INDEX erasures_due ON erasures (state, due_us);
CREATE INDEX erasures_user ON erasures (app_id, user_id);
CREATE INDEX erasures_began ON erasures (began_us);

-- Until when the tokens of erased users are void, by a digest of the user under the app's secret.
CREATE TABLE void_tokens (
    app_id TEXT COLLATE "C" NOT NULL,
    user_digest TEXT COLLATE "C" NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, user_digest)
);
CREATE INDEX void_tokens_at ON void_tokens (at_us);

-- What is about one user is found without reading all of the app's.
CREATE INDEX owners_person ON owners (app_id, person);
CREATE INDEX restraints_user ON restraints (app_id, user_id);
CREATE INDEX lifts_user ON lifts (app_id, user_id);
CREATE INDEX room_grants_user ON room_grants (app_id, user_id);
