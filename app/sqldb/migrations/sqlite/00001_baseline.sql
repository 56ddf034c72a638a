-- +goose Up
-- The schema of the first release. Later changes are files of their own, with the next number; this one stays as it is.
-- Flags are 0 or 1. Columns that end in _us are Unix microseconds, in _ms milliseconds; 0: never.

-- Written to find out whether the store takes writes.
CREATE TABLE store_probe (
    id INTEGER NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL
);
INSERT INTO store_probe (id, beat) VALUES (1, 0);

-- Conversations: who takes part, what they are, and what was said.
CREATE TABLE users (
    app_id TEXT NOT NULL,
    id TEXT NOT NULL,
    ext TEXT,
    banned INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, id)
) WITHOUT ROWID;

CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL,
    type INTEGER NOT NULL,
    creator TEXT NOT NULL,
    ext TEXT,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    members INTEGER NOT NULL,
    member_version INTEGER NOT NULL, -- version of the member list, from 1
    last_seq INTEGER NOT NULL,
    last_msg_id TEXT NOT NULL,
    last_sender TEXT NOT NULL,
    last_us INTEGER NOT NULL,
    pair_key TEXT, -- the two people of a one-to-one conversation
    UNIQUE (app_id, pair_key)
);
CREATE INDEX conversations_newest ON conversations (app_id, created_us, id);

CREATE TABLE members (
    conv_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    joined_us INTEGER NOT NULL,
    join_seq INTEGER NOT NULL, -- sees what is above
    left_us INTEGER NOT NULL,
    member_version INTEGER NOT NULL, -- the version that the last change of this row made
    PRIMARY KEY (conv_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_user ON members (app_id, user_id, conv_id);
CREATE INDEX members_joined ON members (conv_id, joined_us, user_id);
CREATE INDEX members_version ON members (conv_id, member_version);

-- The last tick given to a message; locked by every send until its commit, so
-- that ids rise in the order of commits.
CREATE TABLE message_clock (
    id INTEGER NOT NULL PRIMARY KEY,
    tick INTEGER NOT NULL
);
INSERT INTO message_clock (id, tick) VALUES (1, 0);

CREATE TABLE messages (
    conv_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    app_id TEXT NOT NULL,
    msg_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    type INTEGER NOT NULL,
    status INTEGER NOT NULL,
    content TEXT NOT NULL,
    attr TEXT,
    url TEXT NOT NULL,
    no_sync INTEGER NOT NULL,
    mention_all INTEGER NOT NULL,
    mentions TEXT NOT NULL, -- JSON list, or empty
    at_us INTEGER NOT NULL,
    PRIMARY KEY (conv_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX messages_id ON messages (msg_id);

CREATE TABLE send_keys (
    app_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    client_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    msg_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (app_id, sender, client_key)
) WITHOUT ROWID;
CREATE INDEX send_keys_age ON send_keys (at_us);

-- Messages that have to go out to the members through a vendor. A row is free
-- when due_us has passed; who works on it moves due_us ahead.
CREATE TABLE relay_outbox (
    conv_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    due_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    after_user TEXT NOT NULL, -- members up to this one have their copy
    PRIMARY KEY (conv_id, seq)
) WITHOUT ROWID;
CREATE INDEX relay_outbox_due ON relay_outbox (due_us);

-- Writes at vendors, by idempotency key.
CREATE TABLE ledger (
    app TEXT NOT NULL,
    op TEXT NOT NULL,
    idem_key TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    doc TEXT NOT NULL, -- JSON
    PRIMARY KEY (app, op, idem_key)
) WITHOUT ROWID;
CREATE INDEX ledger_due ON ledger (due_us);
CREATE INDEX ledger_request ON ledger (request_id);

-- What ended without a key: one row for many writes, found by request.
CREATE TABLE ledger_archive (
    id TEXT NOT NULL PRIMARY KEY,
    archived_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    docs TEXT NOT NULL -- JSON
);
CREATE INDEX ledger_archive_due ON ledger_archive (due_us);

CREATE TABLE ledger_requests (
    request_id TEXT NOT NULL,
    archive TEXT NOT NULL,
    PRIMARY KEY (request_id, archive)
) WITHOUT ROWID;

-- What operators switched: the state now, and each change with its author.
CREATE TABLE switches (
    id INTEGER NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE switch_audit (
    version BIGINT NOT NULL PRIMARY KEY,
    at_us BIGINT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    body BLOB NOT NULL
);

-- Pair matching: one ticket for each ask.
CREATE TABLE pair_tickets (
    ask_no TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due_ms INTEGER, -- when a tick is wanted next; null: never
    changed_ms INTEGER NOT NULL,
    doc TEXT NOT NULL -- JSON
);
CREATE INDEX pair_tickets_due ON pair_tickets (due_ms) WHERE due_ms IS NOT NULL;

-- Who is bound to which ask, as asker or candidate.
CREATE TABLE pair_claims (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    ask_no TEXT NOT NULL,
    role INTEGER NOT NULL,
    round_no INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    lease_ms INTEGER NOT NULL,
    PRIMARY KEY (app, uid)
) WITHOUT ROWID;

-- What is known of people who may be offered an ask.
CREATE TABLE pair_people (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    ready_ms INTEGER NOT NULL,
    idle_ms INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    card TEXT NOT NULL, -- JSON
    avail TEXT NOT NULL, -- JSON
    sessions TEXT NOT NULL, -- JSON
    online_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (app, uid)
) WITHOUT ROWID;

-- Connected rounds: a row for each of the two people. start_at and end_at are Unix
-- seconds, as on the wire.
CREATE TABLE pair_records (
    app TEXT NOT NULL,
    uid INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    ask_no TEXT NOT NULL,
    peer INTEGER NOT NULL, -- the other one of the two
    asked INTEGER NOT NULL, -- 1: uid was the asker
    round_no INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    end_at INTEGER NOT NULL,
    liked INTEGER NOT NULL,
    hidden INTEGER NOT NULL, -- 1: uid deleted it
    PRIMARY KEY (app, uid, start_at, ask_no)
) WITHOUT ROWID;

-- The configurations that tickets live by.
CREATE TABLE pair_configs (
    id TEXT NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL
) WITHOUT ROWID;

-- Configuration of pair matching by app and scene, for operators who keep it
-- here; scene -1 holds for all scenes. Item is a key such as pair.ask_ttl.
CREATE TABLE pair_settings (
    app TEXT NOT NULL,
    scene INTEGER NOT NULL,
    item TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (app, scene, item)
);

-- Who may be offered asks under pair.pool.mode=list; version counts the changes.
CREATE TABLE pair_lists (
    app TEXT NOT NULL,
    scene INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (app, scene)
) WITHOUT ROWID;

CREATE TABLE pair_hosts (
    app TEXT NOT NULL,
    scene INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (app, scene, uid)
) WITHOUT ROWID;

-- What vendors reported, and when it is due to be passed on.
CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    payload BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    created_us BIGINT NOT NULL,
    due_us BIGINT
);
CREATE INDEX events_due ON events (due_us);
CREATE INDEX events_created ON events (created_us);

-- Who has a session, and at which process; only kept when the app is told of it.
CREATE TABLE presence (
    app_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (app_id, user_id, node)
) WITHOUT ROWID;
CREATE INDEX presence_node ON presence (node);

CREATE TABLE presence_nodes (
    node TEXT NOT NULL PRIMARY KEY,
    until_us INTEGER NOT NULL -- a process that has not said by then that it lives is gone
) WITHOUT ROWID;
