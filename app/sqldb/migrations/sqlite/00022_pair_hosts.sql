-- +goose Up
-- Who may be offered asks under pair.pool.mode=list; version counts the changes.
CREATE TABLE pair_lists (
    app TEXT NOT NULL,
    scene INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (app, scene)
) WITHOUT ROWID;

CREATE TABLE pair_hosts (
    app TEXT NOT NULL,
    scene INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (app, scene, uid)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE pair_hosts;
DROP TABLE pair_lists;
