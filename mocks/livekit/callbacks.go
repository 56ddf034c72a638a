package livekit

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"switchboard/mocks/mock"
)

const webhookName = "callback.webhook"

// tell sends a webhook. Its body is protobuf's JSON with what is zero left out.
func (a *App) tell(event string, about map[string]any, user string) {
	all := map[string]any{"event": event, "id": a.sid("EV_"), "created_at": unix(a.Clock.Now())}
	maps.Copy(all, about)
	body, err := json.Marshal(sparse("WebhookEvent", all))
	if err != nil {
		panic(err) // texts, numbers and truth values
	}
	a.Callbacks.Send(mock.Callback{Name: webhookName, User: user, Type: "application/webhook+json", Body: body})
}

// tellTrack names room and participant alone by their ids.
func (a *App) tellTrack(event string, r *room, p *participant, t *Track) {
	a.tell(event, map[string]any{
		"room": map[string]any{"sid": r.sid, "name": r.name}, "participant": map[string]any{"sid": p.sid, "identity": p.identity, "name": p.name},
		"track": t.view(),
	}, p.identity)
}

// trigger serves the admin API's POST /_mock/callbacks/{name}: what clients do in rooms.
func (a *App) trigger(name string, body []byte) error {
	var in struct {
		Room, User, Source, Reason string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return fmt.Errorf("the body must be a JSON object: %w", err)
	}
	if in.Room == "" || in.User == "" {
		return errors.New("room and user are missing")
	}
	r := a.rooms[in.Room]
	p := r.find(in.User)
	if name == "client.room.join" {
		a.enter(in.Room, in.User, in.User, Permission{Publish: true, Subscribe: true, Data: true})
		return nil
	}
	if p == nil {
		return errors.New("the user is not in the room")
	}
	switch name {
	case "client.room.leave":
		if in.Reason == "" {
			in.Reason = "CLIENT_INITIATED"
		}
		a.leave(r, p, strings.ToUpper(in.Reason))
	case "client.track.publish":
		t := &Track{SID: a.sid("TR_"), Source: strings.ToUpper(in.Source)}
		if !p.permission.allows(t.Source) {
			return errors.New("the user may not send that")
		}
		p.tracks = append(p.tracks, t)
		a.tellTrack("track_published", r, p, t)
	default:
		return fmt.Errorf("no action is named %q: client.room.join, client.room.leave, client.track.publish", name)
	}
	return nil
}
