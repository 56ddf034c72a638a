-- +goose Up
-- Messages that have to go out to the members through a vendor. A row is free
-- when due_us has passed; who works on it moves due_us ahead.
CREATE TABLE relay_outbox (
    conv_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    due_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    after_user TEXT NOT NULL, -- members up to this one have their copy
    PRIMARY KEY (conv_id, seq)
) WITHOUT ROWID;
CREATE INDEX relay_outbox_due ON relay_outbox (due_us);

-- +goose Down
DROP TABLE relay_outbox;
