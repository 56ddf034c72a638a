-- +goose Up
-- Locked by every write, by most in common: see begin.go. PostgreSQL has advisory
-- locks for it, and SQLite one writer.
CREATE TABLE lane_turn (
    id INTEGER NOT NULL PRIMARY KEY
) ENGINE = InnoDB;
INSERT INTO lane_turn (id) VALUES (1);

-- +goose Down
DROP TABLE lane_turn;
