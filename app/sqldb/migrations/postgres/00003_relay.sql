-- +goose Up
-- Messages that have to go out to the members through a vendor. A row is free
-- when due_us has passed; who works on it moves due_us ahead.
CREATE TABLE relay_outbox (
    conv_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    after_user TEXT COLLATE "C" NOT NULL, -- members up to this one have their copy
    PRIMARY KEY (conv_id, seq)
);
CREATE INDEX relay_outbox_due ON relay_outbox (due_us);

-- +goose Down
DROP TABLE relay_outbox;
