package livekit

import (
	"context"
	"time"

	"switchboard/vendors"
)

// IssueJoin signs a join token here: nothing is asked of the server, which learns of
// the user when the token is used. It names every right, since the server takes a
// missing one for granted.
func (a *adapter) IssueJoin(_ context.Context, g vendors.JoinGrant) (vendors.Credential, error) {
	op := vendors.OpRoomToken
	if err := g.Check(a.name); err != nil {
		return vendors.Credential{}, err
	}
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{g.Room, g.User.ID}}); err != nil {
		return vendors.Credential{}, err
	}
	if len(g.User.Name) > maxID {
		return vendors.Credential{}, a.refuse(op, vendors.ErrTooLarge, "the name is over 256 bytes")
	}
	may, now := sources(g.Publish), a.up.Now()
	publish := len(may) > 0
	grant := videoGrant{
		RoomJoin: true, Room: g.Room, RoomAdmin: g.Admin, Hidden: g.Hidden,
		CanPublish: &publish, CanPublishSources: may, CanSubscribe: &g.Subscribe, CanPublishData: &g.Data,
	}
	token := sign(a.cfg, claims{Identity: g.User.ID, Name: g.User.Name, Video: &grant}, g.User.ID, now, g.For)
	return vendors.Credential{
		SDK: "livekit", AppKey: a.cfg.APIKey, Token: token, URL: a.cfg.ClientURL(), Room: g.Room,
		ExpiresAt: time.Now().Add(g.For).Truncate(time.Second),
	}, nil
}
