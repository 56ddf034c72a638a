-- +goose Up
-- Who has a session, and at which process; only kept when the app is told of it.
CREATE TABLE presence (
    app_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (app_id, user_id, node)
) WITHOUT ROWID;
CREATE INDEX presence_node ON presence (node);
CREATE TABLE presence_nodes (
    node TEXT NOT NULL PRIMARY KEY,
    until_us INTEGER NOT NULL -- a process that has not said by then that it lives is gone
) WITHOUT ROWID;

-- +goose Down
DROP TABLE presence_nodes;
DROP TABLE presence;
