package livekit

import (
	"encoding/base64"
	"maps"
	"slices"
	"time"

	"switchboard/mocks/mock"
)

const maxName = 256 // bytes of a room's name or an identity

func text(c *mock.Call, name string) string { s, _ := c.JSON[name].(string); return s }

func list(c *mock.Call, name string) (out []string) {
	all, _ := c.JSON[name].([]any)
	for _, v := range all {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func seconds(c *mock.Call, name string, otherwise time.Duration) time.Duration {
	if n, _ := c.JSON[name].(float64); n > 0 {
		return time.Duration(n) * time.Second
	}
	return otherwise
}

// createRoom answers an existing room as it is. The empty name is taken.
func (a *App) createRoom(c *mock.Call) mock.Answer {
	name := text(c, "name")
	if len(name) > maxName {
		return fail("invalid_argument", "name length exceeds the limit")
	}
	if r := a.rooms[name]; r != nil {
		return ok(c, r.view())
	}
	r := a.open(name)
	r.metadata, r.empty, r.departure = text(c, "metadata"), seconds(c, "empty_timeout", emptyTimeout), seconds(c, "departure_timeout", departureTimeout)
	if n, _ := c.JSON["max_participants"].(float64); n > 0 {
		r.max = int(n)
	}
	return ok(c, r.view())
}

func (a *App) listRooms(c *mock.Call) mock.Answer {
	names, found := list(c, "names"), []any{}
	for _, name := range slices.Sorted(maps.Keys(a.rooms)) {
		if len(names) == 0 || slices.Contains(names, name) {
			found = append(found, a.rooms[name].view())
		}
	}
	return ok(c, map[string]any{"rooms": found})
}

func (a *App) deleteRoom(c *mock.Call) mock.Answer {
	if a.rooms[text(c, "room")] == nil {
		return fail("not_found", "twirp error unknown: requested room does not exist")
	}
	a.end(text(c, "room"))
	return ok(c, nil)
}

func (a *App) roomMetadata(c *mock.Call) mock.Answer {
	r := a.rooms[text(c, "room")]
	if r == nil {
		return fail("not_found", "twirp error unknown: requested room does not exist")
	}
	r.metadata = text(c, "metadata")
	return ok(c, r.view())
}

// listParticipants lists nobody of a room that is not there.
func (a *App) listParticipants(c *mock.Call) mock.Answer {
	found := []any{}
	if r := a.rooms[text(c, "room")]; r != nil {
		for _, p := range r.people {
			found = append(found, p.view("ACTIVE", ""))
		}
	}
	return ok(c, map[string]any{"participants": found})
}

// somebody is the participant that the call names, or the refusal.
func (a *App) somebody(c *mock.Call) (*room, *participant, *mock.Answer) {
	r := a.rooms[text(c, "room")]
	if p := r.find(text(c, "identity")); p != nil {
		return r, p, nil
	}
	refusal := fail("not_found", "twirp error unknown: participant does not exist")
	return nil, nil, &refusal
}

func (a *App) getParticipant(c *mock.Call) mock.Answer {
	_, p, refusal := a.somebody(c)
	if refusal != nil {
		return *refusal
	}
	return ok(c, p.view("ACTIVE", ""))
}

// removeParticipant is no ban: revoke_token_ts is not looked at, as on an open-source
// server.
func (a *App) removeParticipant(c *mock.Call) mock.Answer {
	r, p, refusal := a.somebody(c)
	if refusal != nil {
		return *refusal
	}
	a.leave(r, p, "PARTICIPANT_REMOVED")
	return ok(c, nil)
}

// updateParticipant replaces the permission whole: what it does not name is taken.
func (a *App) updateParticipant(c *mock.Call) mock.Answer {
	r, p, refusal := a.somebody(c)
	if refusal != nil {
		return *refusal
	}
	if s := text(c, "metadata"); s != "" {
		p.metadata = s
	}
	if s := text(c, "name"); s != "" {
		p.name = s
	}
	if m, given := c.JSON["attributes"].(map[string]any); given {
		maps.Copy(p.attributes, m)
	}
	if to, given := c.JSON["permission"].(map[string]any); given {
		p.permission = permissionOf(to)
		for _, t := range slices.Clone(p.tracks) {
			if !p.permission.allows(t.Source) {
				p.tracks = slices.DeleteFunc(p.tracks, func(other *Track) bool { return other == t })
				a.tellTrack("track_unpublished", r, p, t)
			}
		}
	}
	p.version++
	return ok(c, p.view("ACTIVE", ""))
}

func permissionOf(m map[string]any) Permission {
	is := func(name string) bool { b, _ := m[name].(bool); return b }
	p := Permission{
		Publish: is("can_publish"), Subscribe: is("can_subscribe"), Data: is("can_publish_data"),
		Hidden: is("hidden"), Recorder: is("recorder"), UpdateMetadata: is("can_update_metadata"),
	}
	sources, _ := m["can_publish_sources"].([]any)
	for _, s := range sources {
		if name, isText := s.(string); isText {
			p.Sources = append(p.Sources, name)
		}
	}
	return p
}

// nobody is the answer to a call for which no server of the deployment has the room: it
// takes its time.
func (a *App) nobody() mock.Answer {
	a.Outside(func() { time.Sleep(a.cfg.NoAnswer) })
	return fail("unavailable", "twirp error unknown: no response from servers")
}

func (a *App) muteTrack(c *mock.Call) mock.Answer {
	r, p, refusal := a.somebody(c)
	if refusal != nil {
		return a.nobody()
	}
	i := slices.IndexFunc(p.tracks, func(t *Track) bool { return t.SID == text(c, "track_sid") })
	muted, _ := c.JSON["muted"].(bool)
	switch {
	case i < 0:
		return fail("not_found", "twirp error unknown: track is not found")
	case !muted && p.tracks[i].Muted && !a.cfg.RemoteUnmute:
		return fail("failed_precondition", "twirp error unknown: remote unmute not enabled")
	}
	p.tracks[i].Muted = muted
	p.version++
	_ = r
	return ok(c, map[string]any{"track": p.tracks[i].view()})
}

func (a *App) updateSubscriptions(c *mock.Call) mock.Answer {
	if _, _, refusal := a.somebody(c); refusal != nil {
		return a.nobody()
	}
	return ok(c, nil)
}

func (a *App) cloudOnly(*mock.Call) mock.Answer { return a.nobody() }

const nonceBytes = 16

// sendData reaches who is in the room now. A receiver drops a nonce that it has seen.
func (a *App) sendData(c *mock.Call) mock.Answer {
	nonce, _ := base64.StdEncoding.DecodeString(text(c, "nonce"))
	if len(nonce) != 0 && len(nonce) != nonceBytes {
		return fail("invalid_argument", "nonce should be 16-bytes or not present")
	}
	r := a.rooms[text(c, "room")]
	if r == nil {
		return a.nobody()
	}
	data, _ := base64.StdEncoding.DecodeString(text(c, "data"))
	packet := Packet{
		Room: r.name, Topic: text(c, "topic"), Data: data, Reliable: text(c, "kind") == "RELIABLE", To: list(c, "destination_identities"), Nonce: string(nonce),
	}
	for _, p := range r.people {
		seen := func(got Packet) bool { return packet.Nonce != "" && got.Room == r.name && got.Nonce == packet.Nonce }
		if (len(packet.To) == 0 || slices.Contains(packet.To, p.identity)) && !slices.ContainsFunc(a.inbox[p.identity], seen) {
			a.inbox[p.identity] = append(a.inbox[p.identity], packet)
		}
	}
	return ok(c, nil)
}
