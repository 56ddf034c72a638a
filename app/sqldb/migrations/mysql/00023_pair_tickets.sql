-- +goose Up
-- Each step of a ticket writes the whole row: the shorter its index, the better.
DROP INDEX pair_tickets_due ON pair_tickets;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms);

-- +goose Down
DROP INDEX pair_tickets_due ON pair_tickets;
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms, changed_ms);
