-- +goose Up
DROP TABLE ledger;
CREATE TABLE ledger (
    app TEXT NOT NULL,
    op TEXT NOT NULL,
    idem_key TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    doc BLOB NOT NULL,
    PRIMARY KEY (app, op, idem_key)
) WITHOUT ROWID;
CREATE INDEX ledger_due ON ledger (due_us);
CREATE INDEX ledger_request ON ledger (request_id);

-- What ended without a key: one row for many writes, found by request.
CREATE TABLE ledger_archive (
    id TEXT NOT NULL PRIMARY KEY,
    archived_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    docs BLOB NOT NULL
);
CREATE INDEX ledger_archive_due ON ledger_archive (due_us);
CREATE TABLE ledger_requests (
    request_id TEXT NOT NULL,
    archive TEXT NOT NULL,
    PRIMARY KEY (request_id, archive)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE ledger_requests;
DROP TABLE ledger_archive;
