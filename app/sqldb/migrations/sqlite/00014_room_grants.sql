-- +goose Up
-- Whom back ends let into RTC rooms, with which rights.
CREATE TABLE room_grants (
    app_id TEXT NOT NULL,
    room TEXT NOT NULL,
    user_id TEXT NOT NULL,
    rights TEXT NOT NULL, -- what the user may send and do, by words with commas between
    until_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, room, user_id)
) WITHOUT ROWID;
