INSERT INTO users (app_id, id, ext, banned, created_us) VALUES ('a', 'ann', '{"n":1}', 0, 1790000000000000), ('a', 'bob', NULL, 1, 1790000000000000);
INSERT INTO conversations (id, app_id, type, creator, ext, created_us, updated_us, archived, deleted, members, member_version, last_seq, last_msg_id, last_sender, last_us, pair_key)
VALUES ('c1', 'a', 2, 'ann', NULL, 1790000000000000, 0, 0, 0, 2, 1, 2, '1000000000000000002', 'ann', 1790000002000000, NULL);
INSERT INTO members (conv_id, user_id, app_id, joined_us, join_seq, left_us, member_version) VALUES ('c1', 'ann', 'a', 1790000000000000, 0, 0, 1), ('c1', 'bob', 'a', 1790000000000000, 0, 0, 1);
UPDATE message_clock SET tick = 1790000002000000 WHERE id = 1;
INSERT INTO messages (conv_id, seq, app_id, msg_id, sender, type, status, content, attr, url, no_sync, mention_all, mentions, at_us)
VALUES ('c1', 1, 'a', '1000000000000000001', 'bob', -1, 0, 'first', NULL, '', 0, 0, '', 1790000001000000),
('c1', 2, 'a', '1000000000000000002', 'ann', -1, 0, 'second', '{"k":1}', '', 0, 0, '["bob"]', 1790000002000000);
INSERT INTO send_keys (app_id, sender, client_key, digest, msg_id, seq, at_us) VALUES ('a', 'ann', 'key-2', 'd2', '1000000000000000002', 2, 1790000002000000);
INSERT INTO relay_outbox (conv_id, seq, due_us, attempts, after_user) VALUES ('c1', 2, 1790000003000000, 1, '');
INSERT INTO ledger (app, op, idem_key, request_id, state, version, created_us, updated_us, due_us, doc)
VALUES ('a', 'tip', 'order-1', 'r1', 'done', 2, 1790000000000000, 1790000001000000, 4790000000000000, '{"id":"e1","vendor":"linkv","outcome":"definite","steps":[{"at":1790000000000000,"vendor":"linkv","op":"message.send.user","took":5000,"outcome":"definite"}]}');
INSERT INTO ledger_archive (id, archived_us, due_us, docs)
VALUES ('e2', 1790000002000000, 4790000000000000, '[{"app":"a","op":"message.send.user","request":"r1","state":"done","created":1790000002000000,"id":"e2","vendor":"rongcloud","outcome":"definite"}]');
INSERT INTO ledger_requests (request_id, archive) VALUES ('r1', 'e2');
INSERT INTO switches (id, version, body) VALUES (1, 1, '{}');
INSERT INTO switch_audit (version, at_us, actor, reason, body) VALUES (1, 1790000000000000, 'op', 'drill', '{}');
INSERT INTO pair_tickets (ask_no, app, state, version, due_ms, changed_ms, doc)
VALUES ('7000000000000000001', 'a', 4, 5, 1790000009000, 1790000005000, '{"ask":"7000000000000000001","app":"a","scene":1,"asker":7,"config":"cfg","version":5,"state":4,"seq":9,"created":1790000000000,"callBy":1790007200000,"epoch":2,"lastStart":1790000004,"rounds":[{"no":1,"at":1790000000000,"peer":8,"call":"call-1","start":1790000004,"connected":1790000004000,"liked":1790000005000,"decision":1}],"offers":[{"uid":8,"round":1,"state":1,"at":1790000000100,"sent":1790000000200,"by":1790000010200,"closed":1790000002000,"epoch":3,"entry":1,"card":{"offers":4,"passes":2,"accept":0.5,"ms":1500}}],"outbox":[{"id":9,"kind":3,"name":"pair.liked","to":7,"peer":8,"round":1,"call":"call-1","start":1790000004,"version":5,"at":1790000005000,"notBefore":1790000011000}]}');
INSERT INTO pair_claims (app, uid, ask_no, role, round_no, epoch, lease_ms) VALUES ('a', 7, '7000000000000000001', 0, 1, 2, 4790000000000), ('a', 8, '7000000000000000001', 1, 1, 3, 4790000000000);
INSERT INTO pair_people (app, uid, ready_ms, idle_ms, paused, card, avail, sessions, online_ms, changed_ms)
VALUES ('a', 8, 1790000000000, 1790000000000, 0, '{"offers":4,"passes":2,"accept":0.5,"ms":1500}', '{"On":true}', '{}', 1790000000000, 1790000005000);
INSERT INTO pair_records (app, uid, start_at, ask_no, peer, asked, round_no, call_id, end_at, liked, hidden)
VALUES ('a', 7, 1789990000, '6900000000000000001', 8, 1, 1, 'call-0', 1789990100, 1, 0), ('a', 8, 1789990000, '6900000000000000001', 7, 0, 1, 'call-0', 1789990100, 1, 0),
('a', 7, 1789980000, '6800000000000000001', 8, 1, 1, 'call-x', 1789980100, 1, 1), ('a', 8, 1789980000, '6800000000000000001', 7, 0, 1, 'call-x', 1789980100, 1, 0);
INSERT INTO pair_configs (id, doc) VALUES ('cfg', '{}');
INSERT INTO pair_settings (app, scene, item, value) VALUES ('a', -1, 'pair.fanout', '1'), ('a', 1, 'pair.fanout', '2');
INSERT INTO pair_lists (app, scene, version) VALUES ('a', 1, 5);
INSERT INTO pair_hosts (app, scene, uid) VALUES ('a', 1, 8), ('a', 1, 9);
INSERT INTO events (id, payload, attempts, created_us, due_us) VALUES ('rongcloud/e1', '{"n":1}', 2, 1790000000000000, 1790000000000000), ('rongcloud/e2', '{"n":2}', 1, 1790000000000000, NULL);
INSERT INTO presence (app_id, user_id, node) VALUES ('a', 'ann', 'node-1');
INSERT INTO presence_nodes (node, until_us) VALUES ('node-1', 1790000000000000);
