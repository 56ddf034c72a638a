package livekit

import (
	"context"
	"maps"
	"slices"
	"strings"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// participant asks for one user before something is changed of them; ErrNotFound when
// they or the room are not there.
func (a *adapter) participant(ctx context.Context, op, room, user string) (participant, error) {
	var p participant
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{room, user}}); err != nil {
		return p, err
	}
	body := map[string]any{"room": room, "identity": user}
	return p, vendors.BeforeWrite(a.up.Do(ctx, a.call(op, upstream.Read, getParticipant, room, body, "identity"), &p))
}

// kept are those of a participant's rights that our words do not have: the server
// replaces all, so they are sent back as they are.
var kept = []string{"hidden", "recorder", "can_update_metadata", "can_subscribe_metrics", "agent", "can_manage_agent_session"}

// SetPermission replaces the rights of a user who is in the room. Streams that are no
// longer allowed end at once.
func (a *adapter) SetPermission(ctx context.Context, c vendors.PermissionChange) error {
	op := vendors.OpRoomPermission
	to := c.Permission
	if c.Identity != "" {
		var known bool
		if to, known = c.Identity.Permission(); !known {
			return a.refuse(op, vendors.ErrInvalid, "no such identity")
		}
	}
	if err := to.Check(a.name); err != nil {
		return err
	}
	p, err := a.participant(ctx, op, c.Room, c.User)
	if err != nil {
		return err
	}
	permission := map[string]any{}
	maps.Copy(permission, p.Permission)
	maps.DeleteFunc(permission, func(name string, _ any) bool { return !slices.Contains(kept, name) })
	may := sources(to.Publish)
	for i := range may {
		may[i] = strings.ToUpper(may[i])
	}
	permission["can_publish"], permission["can_publish_sources"] = len(may) > 0, orEmpty(may)
	permission["can_subscribe"], permission["can_publish_data"] = to.Subscribe, to.Data
	body := map[string]any{"room": c.Room, "identity": c.User, "permission": permission}
	return a.up.Do(ctx, a.call(op, upstream.Control, updateParticipant, c.Room, body, "identity"), nil)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// MuteMedia mutes the tracks of one medium. The server has to allow the end of a mute
// (docs/vendors/livekit.md#mute).
func (a *adapter) MuteMedia(ctx context.Context, m vendors.MediaMute) error {
	op := vendors.OpRoomMute
	if mediaSources[m.Media] == nil {
		return a.refuse(op, vendors.ErrInvalid, "no such medium")
	}
	p, err := a.participant(ctx, op, m.Room, m.User)
	if err != nil {
		return err
	}
	found := false
	for _, t := range p.Tracks {
		if !t.of(m.Media) {
			continue
		}
		found = true
		if t.Muted == m.Muted {
			continue
		}
		body := map[string]any{"room": m.Room, "identity": m.User, "track_sid": t.SID, "muted": m.Muted}
		if err := a.doToRoom(ctx, a.call(op, upstream.Control, muteTrack, m.Room, body, "track"), m.Room); err != nil {
			return err
		}
	}
	if !found {
		return a.refuse(op, vendors.ErrNotFound, "the user sends no such medium")
	}
	return nil
}
