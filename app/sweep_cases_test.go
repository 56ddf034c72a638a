package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// sweptTable is every request of the sweep.
func sweptTable() []swept {
	return slices.Concat(sweptClients(), sweptMessages(), sweptMoney(), sweptUsers(), sweptGroups(), sweptChatRooms(), sweptRooms())
}

type about = func(*sweep, *testing.T, cell) asked

// body is a request with the body, about nothing that has to be made. NAME in its texts
// is the cell's name.
func sweptBody(body map[string]any) about {
	return func(_ *sweep, _ *testing.T, c cell) asked { return asked{body: renamed(body, c.name)} }
}

func renamed(v any, name string) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "NAME", name)
	case []string:
		out := make([]string, len(v))
		for i := range v {
			out[i] = strings.ReplaceAll(v[i], "NAME", name)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = renamed(v[i], name)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for key, in := range v {
			out[key] = renamed(in, name)
		}
		return out
	}
	return v
}

func sweptQuery(query string) about {
	return func(_ *sweep, _ *testing.T, c cell) asked {
		return asked{query: strings.ReplaceAll(query, "NAME", c.name)}
	}
}

// people are ids of n users.
func people(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(2000 + i)
	}
	return out
}

const (
	oneCall = "the vendor takes all of them in one call, or none"
	onePart = "one thing is named"
	// What nobody made here is taken to be at the vendor, where the app alone has it.
	notOurs = "an id that is not known here is the vendor's own"
)

func sweptClients() []swept {
	granted := func(s *sweep, t *testing.T, c cell) asked {
		s.server(t, c, "POST", "/rooms/"+c.name+"/grants", map[string]any{"users": []string{c.name}, "seconds": 600})
		return asked{body: map[string]any{"room": c.name}}
	}
	return []swept{
		{op: "POST /api/v1/im/token", about: sweptBody(map[string]any{"name": "NAME"}), read: true, shared: together},
		{op: "POST /api/v1/rtc/token", about: granted, blank: granted, read: true, here: true, shared: forbidden},
		{op: "POST /api/v1/translate/action", about: sweptBody(map[string]any{"text": []string{"hello NAME", "world NAME"}, "short": "zh"}), read: true, shared: together},
		{op: "GET /api/v1/wallet", read: true, shared: together},
	}
}

func sweptMessages() []swept {
	const base = "POST /api/server/messages"
	send := func(kind string, content map[string]any, ids ...string) about {
		return sweptBody(map[string]any{"from": "100", "to": map[string]any{"kind": kind, "ids": ids}, "content": content})
	}
	tip := func(ids []string) about {
		return sweptBody(map[string]any{"from": "100", "targets": ids, "msg": "tip NAME"})
	}
	hello := text("hello NAME")
	to := func(path, field, kind string) about { // something of the app's own
		return func(s *sweep, t *testing.T, c cell) asked {
			made := map[string]any{field: c.name, "name": "n"}
			if field == "group" {
				made["owner"] = "100"
			}
			s.server(t, c, "POST", path, made)
			return send(kind, hello, "NAME")(s, t, c)
		}
	}
	template := func(ids []string) about {
		to := []any{}
		for _, id := range ids {
			to = append(to, map[string]any{"id": id, "values": map[string]any{"name": "NAME"}})
		}
		return sweptBody(map[string]any{"from": "100", "text": "hello {name}", "to": to})
	}
	sent := func(more map[string]any) about { // a message that is there
		return func(s *sweep, t *testing.T, c cell) asked {
			got := s.server(t, c, "POST", "/messages", map[string]any{"from": "100", "to": toUsers("1001"), "content": text("oops " + c.name)})
			body := maps.Clone(more)
			body["message_id"] = rowsIn(t, got)[0].Message_id
			return asked{body: body}
		}
	}
	reference := func(more map[string]any) about {
		body := maps.Clone(more)
		body["reference"] = map[string]any{"vendor": "linkv", "kind": "user", "from": "100", "target": "1001", "id": "1", "sent_at": 0}
		return sweptBody(body)
	}
	better := map[string]any{"content": text("better NAME")}
	strange := []string{"1001", "žofie"} // LinkV's ids are letters and digits
	return []swept{
		{op: "POST /api/server/im/send/tip", about: tip([]string{"1001", "1002"}), shared: together,
			partial: map[string]part{"rongcloud": {about: tip(people(1001)), op: "message.private.publish"}, "linkv": {about: tip(strange)}}},
		{op: "POST /api/server/im/send/system", about: tip([]string{"1001", "1002"}), blank: tip([]string{"1001"}), shared: together,
			partial: map[string]part{"rongcloud": {about: tip(people(101)), op: "message.system.publish"}}},
		{op: base, as: "text", about: send("user", hello, "1001", "1002"), rows: 2, shared: together,
			partial: map[string]part{"rongcloud": {about: send("system", hello, people(101)...), op: "message.system.publish"}, "linkv": {about: send("user", hello, strange...)}}},
		{op: base, as: "image", about: send("user", map[string]any{"kind": "image", "url": "https://a.example/NAME.jpg"}, "1001"), rows: 1, shared: together,
			lacks: map[string]string{"partial": "as for a text"}},
		{op: base, as: "location", about: send("user", map[string]any{"kind": "location", "latitude": 51.5, "longitude": -0.12, "place": "the bridge NAME"}, "1001"), rows: 1, shared: together,
			lacks: map[string]string{"partial": "as for a text"}},
		{op: base, as: "to a group", about: to("/groups", "group", "group"), rows: 1, shared: unknown,
			lacks: map[string]string{"partial": notOurs}},
		{op: base, as: "to a chat room", about: to("/chatrooms", "room", "chatroom"), rows: 1, shared: unknown,
			lacks: lacking("LinkV makes no chat rooms for back ends", "linkv", notOurs)},
		{op: base + "/template", about: template([]string{"1001", "1002"}), rows: 2, shared: together,
			partial: map[string]part{"rongcloud": {about: template(people(101)), op: "message.private.publish_template"}, "linkv": {about: template(strange)}}},
		{op: base + "/broadcast", about: sweptBody(map[string]any{"from": "100", "content": text("all NAME"), "online_only": true}), rows: 1, shared: forbidden},
		{op: base + "/recall", about: sent(map[string]any{}), blank: reference(map[string]any{}), rows: 1, shared: unknown},
		{op: base + "/edit", about: sent(better), blank: reference(better), rows: 1, shared: unknown},
		{op: "GET /api/server/messages/history", about: func(s *sweep, t *testing.T, c cell) asked {
			s.server(t, c, "POST", "/messages", map[string]any{"from": "100", "to": toUsers("1001"), "content": text("kept " + c.name)})
			return asked{query: "?user=1001&target=100&limit=100"}
		}, read: true, shared: forbidden, shows: "kept NAME"},
	}
}

// lacking says why a vendor has no case at all, and the others none of a part.
func lacking(why, vendor, noPart string) map[string]string {
	out := map[string]string{"partial": noPart}
	for _, name := range []string{"done", "refused", "away", "doubt", "partial", "own account", "shared account"} {
		out[name+" at "+vendor] = why
	}
	return out
}

func sweptMoney() []swept {
	word := func(n int) about {
		words := []any{}
		for i := range n {
			words = append(words, map[string]any{"text": fmt.Sprint("spamNAME", i)})
		}
		return sweptBody(map[string]any{"words": words})
	}
	return []swept{
		{op: "POST /api/server/wallet/adjust", about: sweptBody(map[string]any{"uid": "6001", "delta": 10, "request_id": "NAME"}), shared: together},
		{op: "POST /api/server/wallet/orders", about: sweptBody(map[string]any{"uid": "6001", "coins": 100, "request_id": "NAME", "order_id": "GPA.NAME", "cents": 99, "platform": "android"}),
			shared: together},
		{op: "GET /api/server/words", read: true, here: true, shared: apart},
		{op: "POST /api/server/words", about: word(2), rows: 2, shared: forbidden, partial: map[string]part{"rongcloud": {about: word(51), op: "sensitiveword.batch.add"}}},
		{op: "DELETE /api/server/words", about: word(1), rows: 1, shared: forbidden, partial: map[string]part{"rongcloud": {about: word(51), op: "sensitiveword.batch.delete"}}},
	}
}

func sweptUsers() []swept {
	const base = "/api/server/users"
	names := func(users ...string) about {
		list := []any{}
		for _, u := range users {
			list = append(list, map[string]any{"id": u, "name": "Ann NAME"})
		}
		return sweptBody(map[string]any{"users": list})
	}
	users := func(users ...string) about { return sweptBody(map[string]any{"users": users}) }
	push := func(n int) about { return sweptBody(map[string]any{"users": people(n), "text": "news NAME"}) }
	unheard := func(s *sweep, t *testing.T, c cell) asked { // somebody whom the user does not hear
		s.do(t, request{Path: "/api/server/users/1001/blacklist", Header: backEndOf(c.app), Body: map[string]any{"users": []string{"1003"}}}) // 403 where apps share the account
		return asked{body: map[string]any{"users": []string{"1003"}}}
	}
	blocked := func(s *sweep, t *testing.T, c cell) asked {
		s.do(t, request{Path: "/api/server/users/1001/block", Header: backEndOf(c.app)})
		return asked{}
	}
	fresh := func(s *sweep, t *testing.T, c cell) asked { // a user who has come
		for _, app := range []string{appAlone, appLeft, appRight} {
			s.client(t, app, c.name)
		}
		return asked{in: map[string]string{"user": c.name}}
	}
	banned := func(s *sweep, t *testing.T, c cell) asked {
		fresh(s, t, c)
		s.server(t, c, "POST", "/users/"+c.name+"/ban", nil)
		return fresh(s, t, c)
	}
	never := map[string]string{"partial at rongcloud": oneCall, "partial at linkv": oneCall}
	return []swept{
		{op: "PUT " + base, about: names("1001", "1002"), rows: 2, shared: forbidden, partial: map[string]part{"rongcloud": {op: "user.refresh"}}},
		{op: "PUT " + base + "/{user}", about: sweptBody(map[string]any{"name": "Ann NAME"}), rows: 1, shared: forbidden},
		{op: "POST " + base + "/presence", about: users("NAME", "NAME-2"), read: true, soft: true, shared: apart}, // the second call may arrive when the first has failed
		{op: "POST " + base + "/push", about: push(2), rows: 2, shared: forbidden, partial: map[string]part{"rongcloud": {about: push(101), op: "push.user"}}},
		{op: "POST " + base + "/{user}/block", about: sweptBody(map[string]any{"seconds": 3600}), rows: 1, widely: true, shared: forbidden, look: "/users/1001"},
		{op: "POST " + base + "/{user}/unblock", about: blocked, rows: 1, widely: true, shared: forbidden, look: "/users/1001"},
		{op: "POST " + base + "/{user}/ban", about: fresh, soft: true, widely: true, shared: ours},
		{op: "POST " + base + "/{user}/unban", about: banned, soft: true, widely: true, shared: ours},
		{op: "GET " + base + "/{user}/sessions", read: true, here: true, shared: ours, lacks: map[string]string{"kept": "ownSweep.ofUsers: no mock has sessions of devices"}},
		{op: "DELETE " + base + "/{user}/sessions", about: fresh, rows: 1, widely: true, shared: ours},
		{op: "DELETE " + base + "/{user}/sessions/{device}", here: true, shared: ours, lacks: map[string]string{"kept": "ownSweep.ofUsers: no mock has sessions of devices"}},
		{op: "GET " + base + "/{user}/blacklist", about: unheard, read: true, here: true, shared: apart, shows: `"1003"`, look: "/users/1001/blacklist"},
		{op: "POST " + base + "/{user}/blacklist", about: users("1002", "1003", "1002"), rows: 2, shared: forbidden, look: "/users/1001/blacklist", lacks: never},
		{op: "DELETE " + base + "/{user}/blacklist", about: unheard, rows: 1, shared: forbidden, look: "/users/1001/blacklist", lacks: never},
		{op: "POST " + base + "/{user}/remarks", about: sweptBody(map[string]any{"names": []any{map[string]any{"id": "1002", "name": "friend NAME"}}}), rows: 1, shared: forbidden, lacks: never},
		{op: "DELETE " + base + "/{user}/remarks", about: sweptBody(map[string]any{"of": "1002"}), rows: 1, shared: forbidden},
		{op: "PUT " + base + "/{user}/notices", about: sweptBody(map[string]any{"kind": "user", "target": "1002", "level": "none"}), rows: 1, shared: forbidden},
		{op: "GET " + base + "/{user}/notices", about: sweptQuery("?target=1002"), read: true, shared: forbidden},
	}
}

// within is a request about something that the app made at path before, by the cell's name.
func within(path, field string, more, body map[string]any) about {
	return func(s *sweep, t *testing.T, c cell) asked {
		made := map[string]any{field: c.name, "name": "of " + c.name}
		maps.Copy(made, more)
		s.server(t, c, "POST", path, made)
		a := asked{}
		if body != nil {
			a.body = renamed(body, c.name)
		}
		return a
	}
}

func sweptGroups() []swept {
	const base = "/api/server/groups"
	in := func(body map[string]any) about {
		return within("/groups", "group", map[string]any{"owner": "1001", "members": []string{"1002"}}, body)
	}
	some := func(users ...string) map[string]any { return map[string]any{"users": users} }
	strange := part{about: in(some("1003", "žofie"))}
	mutes := map[string]part{"rongcloud": {about: in(some(people(21)...)), op: "group.user.gag.*"}, "linkv": {about: in(some("1002", "1003")), op: "group.gag"}}
	one := map[string]string{"partial at rongcloud": oneCall}
	members, muted := "/groups/NAME/members", "/groups/NAME/mutes"
	everybody := map[string]any{"all": true}
	made := map[string]any{"group": "NAME", "name": "n", "owner": "1001"}
	many := map[string]any{"group": "NAME", "name": "n", "owner": "1001", "members": []string{"1002", "1003"}}
	kept := func(path string) swept {
		return swept{op: "GET " + base + path, about: in(nil), read: true, here: true, shared: apart, shows: "of NAME"}
	}
	show := kept("/{group}")
	show.shared = unknown
	return []swept{
		kept(""), show,
		{op: "POST " + base, about: sweptBody(made), rows: 1, shared: apart, partial: map[string]part{"linkv": {about: sweptBody(many), op: "group.join"}}, lacks: one},
		{op: "PATCH " + base + "/{group}", about: in(map[string]any{"name": "better NAME"}), shared: unknown, look: "/groups/NAME"},
		{op: "DELETE " + base + "/{group}", about: in(map[string]any{}), shared: unknown, look: "/groups/NAME"},
		{op: "GET " + base + "/{group}/members", about: in(nil), read: true, shared: unknown, shows: `"1002"`},
		{op: "POST " + base + "/{group}/members", about: in(some("1003")), rows: 1, shared: unknown, look: members, partial: map[string]part{"linkv": strange}, lacks: one},
		{op: "DELETE " + base + "/{group}/members", about: in(some("1002")), rows: 1, shared: unknown, look: members,
			partial: map[string]part{"linkv": {about: in(some("1002", "1004"))}}, lacks: one},
		{op: "PUT " + base + "/{group}/owner", about: in(map[string]any{"owner": "1002"}), shared: unknown, look: "/groups/NAME"},
		{op: "GET " + base + "/{group}/mutes", about: in(nil), read: true, here: true, shared: unknown},
		{op: "POST " + base + "/{group}/mutes", as: "some", about: in(some("1002")), rows: 1, shared: unknown, look: muted, partial: mutes},
		{op: "DELETE " + base + "/{group}/mutes", as: "some", about: in(some("1002")), rows: 1, shared: unknown, look: muted, partial: mutes},
		{op: "POST " + base + "/{group}/mutes", as: "all", about: in(everybody), shared: unknown, look: muted, lacks: map[string]string{"partial": onePart}},
		{op: "DELETE " + base + "/{group}/mutes", as: "all", about: in(everybody), shared: unknown, look: muted, lacks: map[string]string{"partial": onePart}},
		{op: "GET /api/server/users/{user}/groups", about: in(nil), read: true, shared: apart, shows: "of NAME"},
	}
}

func sweptChatRooms() []swept {
	const base = "/api/server/chatrooms"
	in := func(body map[string]any) about { return within("/chatrooms", "room", nil, body) }
	some := func(users ...string) map[string]any { return map[string]any{"users": users} }
	timed := func(users ...string) map[string]any { return map[string]any{"users": users, "seconds": 60} }
	portions := func(body map[string]any, op string) map[string]part {
		return map[string]part{"rongcloud": {about: in(body), op: op}}
	}
	muted, blocked := "/chatrooms/NAME/mutes", "/chatrooms/NAME/blocks"
	kept := func(path, shows string, s sharing) swept {
		return swept{op: "GET " + base + path, about: in(nil), read: true, here: true, shared: s, shows: shows}
	}
	return []swept{
		kept("", "of NAME", apart), kept("/{room}", "of NAME", unknown), kept("/{room}/mutes", "", unknown), kept("/{room}/blocks", "", unknown),
		{op: "POST " + base, about: sweptBody(map[string]any{"room": "NAME", "name": "of NAME"}), shared: apart},
		{op: "DELETE " + base + "/{room}", about: in(nil), shared: unknown, look: "/chatrooms/NAME"},
		{op: "GET " + base + "/{room}/users", about: in(nil), read: true, shared: unknown},
		{op: "POST " + base + "/{room}/mutes", about: in(timed("1002")), rows: 1, shared: unknown, look: muted, partial: portions(timed(people(21)...), "chatroom.user.gag.add")},
		{op: "DELETE " + base + "/{room}/mutes", about: in(some("1002")), rows: 1, shared: unknown, look: muted, partial: portions(some(people(21)...), "chatroom.user.gag.rollback")},
		{op: "POST " + base + "/{room}/blocks", about: in(timed("1002")), rows: 1, shared: unknown, look: blocked, partial: portions(timed(people(21)...), "chatroom.user.block.add")},
		{op: "DELETE " + base + "/{room}/blocks", about: in(some("1002")), rows: 1, shared: unknown, look: blocked, partial: portions(some(people(21)...), "chatroom.user.block.rollback")},
	}
}

// inRoom is a request about an RTC room that is there, with 1001 and 1002 in it. Where
// the vendor's credentials are for one room, the app has given one.
func inRoom(body map[string]any) about {
	return func(s *sweep, t *testing.T, c cell) asked {
		if c.vendor == "livekit" {
			s.server(t, c, "POST", "/rooms/"+c.name+"/grants", map[string]any{"users": []string{"1001"}, "seconds": 600})
			if got, _ := s.rtcToken(t, s.client(t, c.app, "1001"), map[string]any{"room": c.name}); got.Code != 0 {
				t.Fatalf("%s", got.Body)
			}
		}
		for _, user := range []string{"1001", "1002"} {
			if join := s.far[c.account()].join; join != nil {
				if err := join(c.name, user); err != nil {
					t.Fatal(err)
				}
			}
		}
		a := asked{}
		if body != nil {
			a.body = renamed(body, c.name)
		}
		return a
	}
}

// recordedRoom is inRoom with a recording of the room under way.
func recordedRoom(s *sweep, t *testing.T, c cell) asked {
	inRoom(nil)(s, t, c)
	var made struct{ ID string }
	s.server(t, c, "POST", "/rooms/"+c.name+"/recordings", map[string]any{"audio": true, "video": true}).decode(t, &made)
	return asked{in: map[string]string{"recording": made.ID}, body: map[string]any{}}
}

func sweptRooms() []swept {
	const base = "/api/server/rooms/{room}"
	post := func(path string, body map[string]any) swept {
		return swept{op: "POST " + base + path, about: inRoom(body), blank: sweptBody(body), shared: forbidden}
	}
	behind := func(write string, w swept) swept { // LiveKit is asked first what is there
		w.looks = map[string]string{"livekit": write}
		return w
	}
	several := func(w swept) swept {
		w.lacks = map[string]string{"partial": oneCall}
		return w // LiveKit's data is one call
	}
	read := func(path, shows string) swept {
		return swept{op: "GET " + base + path, about: inRoom(nil), read: true, shared: forbidden, shows: shows}
	}
	const kept = "the vendor's list may be a second old, and a minute while it cannot be asked: vendors/vendortest holds it"
	grant := sweptBody(map[string]any{"users": []string{"1001", "1002"}, "seconds": 600})
	withdraw := sweptBody(map[string]any{"users": []string{"1001"}})
	return []swept{
		{op: "GET /api/server/rooms", about: inRoom(nil), read: true, shared: apart, shows: "NAME", lacks: map[string]string{
			"refused": kept, "away": kept, "doubt": kept}},
		read("", `"NAME"`), read("/users", `"1002"`), read("/speakers", ""), read("/recordings", ""),
		post("/kick", map[string]any{"user": "1002"}),
		post("/message", map[string]any{"from": "1001", "text": "hello NAME"}),
		behind("participant.update", post("/identity", map[string]any{"user": "1002", "identity": "host", "sequence": 5})),
		several(post("/ban", map[string]any{"users": []string{"1001", "1002"}, "seconds": 60})),
		several(post("/unban", map[string]any{"users": []string{"1001", "1002"}})),
		post("/dissolve", map[string]any{}),
		behind("participant.update", post("/permission", map[string]any{"user": "1002", "publish": []string{"microphone"}, "subscribe": true})),
		behind("track.mute", post("/mute", map[string]any{"user": "1001", "media": "microphone"})),
		several(post("/data", map[string]any{"topic": "score", "data": "aGVsbG8=", "to": []string{"1001", "1002"}})),
		behind("egress.start", post("/recordings", map[string]any{"audio": true, "video": true})),
		behind("egress.stop", swept{op: "POST " + base + "/recordings/{recording}/stop", about: recordedRoom, blank: sweptBody(map[string]any{}), shared: forbidden}),
		{op: "POST " + base + "/grants", about: grant, blank: grant, here: true, shared: apart, lacks: map[string]string{"partial": oneCall}},
		{op: "DELETE " + base + "/grants", about: withdraw, blank: withdraw, here: true, shared: apart, lacks: map[string]string{"partial": oneCall}},
		{op: "GET /api/server/users/{user}/rooms", about: inRoom(nil), read: true, shared: forbidden, shows: `"NAME"`},
		{op: "GET /api/server/users/{user}/calls", about: sweptQuery("?day=2026-01-02"), read: true, shared: forbidden},
	}
}
