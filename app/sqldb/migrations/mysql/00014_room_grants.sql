-- +goose Up
-- Whom back ends let into RTC rooms, with which rights.
CREATE TABLE room_grants (
    app_id VARBINARY(64) NOT NULL,
    room VARBINARY(64) NOT NULL,
    user_id VARBINARY(64) NOT NULL,
    rights VARBINARY(64) NOT NULL, -- what the user may send and do, by words with commas between
    until_us BIGINT NOT NULL,
    PRIMARY KEY (app_id, room, user_id)
) ENGINE=InnoDB;
