-- +goose Up
-- Whom back ends let into RTC rooms, with which rights.
CREATE TABLE room_grants (
    app_id TEXT COLLATE "C" NOT NULL,
    room TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    rights TEXT COLLATE "C" NOT NULL, -- what the user may send and do, by words with commas between
    until_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, room, user_id)
);
