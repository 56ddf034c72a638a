-- +goose Up
-- Notices of changes of member lists stand among the messages: seq is minus the version of the list that the change
-- made, content what happened, mentions whom it is about, and mention_all 1 when all members are told.
ALTER TABLE conversations ADD COLUMN last_notice_id VARBINARY(19) NOT NULL DEFAULT '';
