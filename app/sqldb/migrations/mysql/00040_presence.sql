-- +goose Up
-- Who has a session, and at which process; only kept when the app is told of it.
CREATE TABLE presence (
    app_id VARBINARY(64) NOT NULL,
    user_id VARBINARY(64) NOT NULL,
    node VARBINARY(64) NOT NULL,
    PRIMARY KEY (app_id, user_id, node)
) ENGINE = InnoDB;
CREATE INDEX presence_node ON presence (node);
CREATE TABLE presence_nodes (
    node VARBINARY(64) NOT NULL PRIMARY KEY,
    until_us BIGINT NOT NULL -- a process that has not said by then that it lives is gone
) ENGINE = InnoDB;

-- +goose Down
DROP TABLE presence_nodes;
DROP TABLE presence;
