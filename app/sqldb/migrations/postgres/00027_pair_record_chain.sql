-- +goose Up
-- One row a record, which leads to the record that each of its two people had
-- before: his list begins at pair_people and needs no index of its own, so a
-- record touches the pages that its ticket's commit writes in any case.
ALTER TABLE pair_people ADD COLUMN last_ask TEXT NOT NULL DEFAULT ''; -- the key of his newest record; '' and 0: none
ALTER TABLE pair_people ADD COLUMN last_at BIGINT NOT NULL DEFAULT 0;
CREATE TABLE pair_records_new (
    ask_no TEXT NOT NULL,
    start_at BIGINT NOT NULL, -- Unix seconds, as end_at
    app TEXT NOT NULL,
    asker BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    end_at BIGINT NOT NULL,
    liked BIGINT NOT NULL,
    asker_prev_ask TEXT NOT NULL, -- the key of the asker's record before this one; '' and 0: none
    asker_prev_at BIGINT NOT NULL,
    peer_prev_ask TEXT NOT NULL,
    peer_prev_at BIGINT NOT NULL,
    asker_hid BIGINT NOT NULL DEFAULT 0, -- 1: he deleted it
    peer_hid BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (ask_no, start_at)
);
INSERT INTO pair_records_new
    SELECT a.ask_no, a.start_at, a.app, a.asker, a.peer, a.round_no, a.call_id, a.end_at, a.liked,
        a.prev_ask, a.prev_at, p.prev_ask, p.prev_at, a.hidden, p.hidden
    FROM (SELECT r.*, COALESCE(LAG(ask_no) OVER (PARTITION BY uid, app ORDER BY start_at, ask_no), '') AS prev_ask,
            COALESCE(LAG(start_at) OVER (PARTITION BY uid, app ORDER BY start_at, ask_no), 0) AS prev_at FROM pair_records r) a
    JOIN (SELECT r.*, COALESCE(LAG(ask_no) OVER (PARTITION BY uid, app ORDER BY start_at, ask_no), '') AS prev_ask,
            COALESCE(LAG(start_at) OVER (PARTITION BY uid, app ORDER BY start_at, ask_no), 0) AS prev_at FROM pair_records r) p
        ON p.ask_no = a.ask_no AND p.start_at = a.start_at AND p.uid = p.peer
    WHERE a.uid = a.asker;
UPDATE pair_people SET
    last_ask = COALESCE((SELECT r.ask_no FROM pair_records r WHERE r.uid = pair_people.uid AND r.app = pair_people.app ORDER BY r.start_at DESC, r.ask_no DESC LIMIT 1), ''),
    last_at = COALESCE((SELECT r.start_at FROM pair_records r WHERE r.uid = pair_people.uid AND r.app = pair_people.app ORDER BY r.start_at DESC, r.ask_no DESC LIMIT 1), 0);
DROP TABLE pair_records;
ALTER TABLE pair_records_new RENAME TO pair_records;

-- +goose Down
CREATE TABLE pair_records_old (
    uid BIGINT NOT NULL, -- whose row it is: asker or peer
    app TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    ask_no TEXT NOT NULL,
    asker BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    round_no BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    end_at BIGINT NOT NULL,
    liked BIGINT NOT NULL,
    hidden BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (uid, app, start_at, ask_no)
);
INSERT INTO pair_records_old
    SELECT asker, app, start_at, ask_no, asker, peer, round_no, call_id, end_at, liked, asker_hid FROM pair_records
    UNION SELECT peer, app, start_at, ask_no, asker, peer, round_no, call_id, end_at, liked, peer_hid FROM pair_records WHERE peer <> asker;
DROP TABLE pair_records;
ALTER TABLE pair_records_old RENAME TO pair_records;
ALTER TABLE pair_people DROP COLUMN last_ask;
ALTER TABLE pair_people DROP COLUMN last_at;
