-- +goose Up
-- Each step of a ticket writes the whole row: what has ended leaves the index.
DROP INDEX pair_tickets_due;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL;

-- +goose Down
DROP INDEX pair_tickets_due;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms, changed_ms);
