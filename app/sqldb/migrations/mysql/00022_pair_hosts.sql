-- +goose Up
-- Who may be offered asks under pair.pool.mode=list; version counts the changes.
CREATE TABLE pair_lists (
    app VARBINARY(64) NOT NULL,
    scene INTEGER NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (app, scene)
) ENGINE=InnoDB;

CREATE TABLE pair_hosts (
    app VARBINARY(64) NOT NULL,
    scene INTEGER NOT NULL,
    uid BIGINT NOT NULL,
    PRIMARY KEY (app, scene, uid)
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE pair_hosts;
DROP TABLE pair_lists;
