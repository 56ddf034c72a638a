-- +goose Up
-- The log of an app, in its order: reading on from an id, or from its end, must not pass by
-- what other apps have said, nor all that was said ever.
CREATE UNIQUE INDEX messages_log ON messages (app_id, msg_id);
DROP INDEX messages_id;
