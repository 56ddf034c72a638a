-- +goose Up
CREATE TABLE ledger (
    id TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    op TEXT NOT NULL,
    idem_key TEXT NOT NULL,
    request_id TEXT NOT NULL,
    vendor TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    body BLOB,
    payload BLOB NOT NULL,
    digest BLOB NOT NULL,
    steps BLOB NOT NULL,
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
