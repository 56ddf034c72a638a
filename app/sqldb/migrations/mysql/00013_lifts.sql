-- +goose Up
-- Holds that we end in the place of a vendor which holds until it is told otherwise.
CREATE TABLE lifts (
    app_id VARBINARY(64) NOT NULL,
    kind VARBINARY(16) NOT NULL,
    id VARBINARY(64) NOT NULL,
    what VARBINARY(16) NOT NULL,
    user_id VARBINARY(64) NOT NULL,
    account VARBINARY(64) NOT NULL,
    vendor_id VARBINARY(255) NOT NULL,
    person VARBINARY(64) NOT NULL, -- who asked for it
    due_us BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (app_id, kind, id, what, user_id, account),
    KEY lifts_due (due_us)
) ENGINE=InnoDB;
