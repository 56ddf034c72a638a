-- +goose Up
CREATE TABLE ledger (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    app VARBINARY(64) NOT NULL,
    op VARBINARY(64) NOT NULL,
    idem_key VARBINARY(128) NOT NULL,
    request_id VARBINARY(64) NOT NULL,
    vendor VARBINARY(64) NOT NULL,
    state VARBINARY(64) NOT NULL,
    outcome VARBINARY(64) NOT NULL,
    status INTEGER NOT NULL,
    body MEDIUMBLOB,
    payload MEDIUMBLOB NOT NULL,
    digest MEDIUMBLOB NOT NULL,
    steps MEDIUMBLOB NOT NULL,
    checks INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    due_us BIGINT,
    UNIQUE (app, op, idem_key)
);
CREATE INDEX ledger_due ON ledger (due_us);
CREATE INDEX ledger_request ON ledger (request_id);

-- +goose Down
DROP TABLE ledger;
