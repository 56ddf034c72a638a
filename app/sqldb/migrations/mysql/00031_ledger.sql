-- +goose Up
DROP TABLE ledger;
CREATE TABLE ledger (
    app VARBINARY(64) NOT NULL,
    op VARBINARY(64) NOT NULL,
    idem_key VARBINARY(128) NOT NULL,
    request_id VARBINARY(64) NOT NULL,
    state VARBINARY(64) NOT NULL,
    version INTEGER NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    doc MEDIUMBLOB NOT NULL,
    PRIMARY KEY (app, op, idem_key)
);
CREATE INDEX ledger_due ON ledger (due_us);
CREATE INDEX ledger_request ON ledger (request_id);

-- What ended without a key: one row for many writes, found by request.
CREATE TABLE ledger_archive (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    archived_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    docs MEDIUMBLOB NOT NULL
);
CREATE INDEX ledger_archive_due ON ledger_archive (due_us);
CREATE TABLE ledger_requests (
    request_id VARBINARY(64) NOT NULL,
    archive VARBINARY(64) NOT NULL,
    PRIMARY KEY (request_id, archive)
);

-- +goose Down
DROP TABLE ledger_requests;
DROP TABLE ledger_archive;
