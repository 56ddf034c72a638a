-- +goose Up
CREATE TABLE ledger (
    id VARCHAR(64) NOT NULL PRIMARY KEY,
    app VARCHAR(64) NOT NULL,
    op VARCHAR(64) NOT NULL,
    idem_key VARCHAR(128) NOT NULL,
    request_id VARCHAR(64) NOT NULL,
    vendor VARCHAR(64) NOT NULL,
    state VARCHAR(64) NOT NULL,
    outcome VARCHAR(64) NOT NULL,
    status INTEGER NOT NULL,
    body BYTEA,
    payload BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    steps BYTEA NOT NULL,
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
