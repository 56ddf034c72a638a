package livekit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// Each is the adapter made wrong in one method.
type (
	wider     struct{ vendors.RoomTokens }
	longer    struct{ vendors.RoomTokens }
	deaf      struct{ vendors.RoomTokens }
	timeless  struct{ vendors.RoomQuery }
	additive  struct{ vendors.RoomPermission }
	allMuted  struct{ vendors.RoomMute }
	keyless   struct{ vendors.RoomData }
	loud      struct{ vendors.RoomData }
	endless   struct{ vendors.RoomRecorder }
	forgetful struct{ vendors.RoomKick }
	doubting  struct{ vendors.RoomMute }
)

func (w wider) IssueJoin(ctx context.Context, g vendors.JoinGrant) (vendors.Credential, error) {
	if len(g.Publish) > 0 {
		g.Publish = vendors.AllMedia()
	}
	return w.RoomTokens.IssueJoin(ctx, g)
}

func (w longer) IssueJoin(ctx context.Context, g vendors.JoinGrant) (vendors.Credential, error) {
	if g.For > 0 {
		g.For = max(g.For, 6*time.Hour)
	}
	return w.RoomTokens.IssueJoin(ctx, g)
}

func (w deaf) IssueJoin(ctx context.Context, g vendors.JoinGrant) (vendors.Credential, error) {
	g.Subscribe = true // as the server takes an absent right
	return w.RoomTokens.IssueJoin(ctx, g)
}

func (w timeless) RoomStatus(ctx context.Context, room string) (vendors.RoomStatus, error) {
	s, err := w.RoomQuery.RoomStatus(ctx, room)
	if s.Session != "" {
		s.Session = room
	}
	return s, err
}

func (w additive) SetPermission(ctx context.Context, c vendors.PermissionChange) error {
	c.Permission.Subscribe = true
	return w.RoomPermission.SetPermission(ctx, c)
}

func (w allMuted) MuteMedia(ctx context.Context, m vendors.MediaMute) error {
	if m.User == "peer" {
		other := m
		other.Media = vendors.Camera
		_ = w.RoomMute.MuteMedia(ctx, other)
	}
	return w.RoomMute.MuteMedia(ctx, m)
}

func (w keyless) SendData(ctx context.Context, p vendors.RoomPacket) error {
	p.Key = ""
	return w.RoomData.SendData(ctx, p)
}

func (w loud) SendData(ctx context.Context, p vendors.RoomPacket) error {
	p.To = nil
	return w.RoomData.SendData(ctx, p)
}

func (w endless) StopRecording(ctx context.Context, id string) (vendors.RecordingInfo, error) {
	list, err := w.Recordings(ctx, "stage")
	if err != nil || len(list) == 0 || list[0].ID != id {
		return w.RoomRecorder.StopRecording(ctx, id)
	}
	return list[0], nil
}

func (w forgetful) KickUser(ctx context.Context, k vendors.Kick) error {
	k.For = 0 // takes a time that the server does not keep
	return w.RoomKick.KickUser(ctx, k)
}

func (w doubting) MuteMedia(ctx context.Context, m vendors.MediaMute) error {
	err := w.RoomMute.MuteMedia(ctx, m)
	if e := new(vendors.Error); errors.As(err, &e) && e.Outcome == vendors.NotSent {
		doubt := *e // it does not tell the look from the write
		doubt.Outcome = vendors.Ambiguous
		return &doubt
	}
	return err
}

func TestEveryWrongAdapterIsCaught(t *testing.T) {
	t.Parallel()
	tokens, data := "JoinTokenHasItsRightsAndNoOthers", "DataReachesThoseItIsForOnceForItsKey"
	for name, m := range map[string]struct {
		caught string
		spoil  func(*vendors.Rooms)
	}{
		"one medium opens all":        {tokens, func(r *vendors.Rooms) { r.Tokens = wider{r.Tokens} }},
		"tokens of six hours":         {tokens, func(r *vendors.Rooms) { r.Tokens = longer{r.Tokens} }},
		"a right that is not named":   {tokens, func(r *vendors.Rooms) { r.Tokens = deaf{r.Tokens} }},
		"a room is its name":          {"RoomMadeAgainIsAnotherSession", func(r *vendors.Rooms) { r.Query = timeless{r.Query} }},
		"rights are only added":       {"PermissionIsTheFarEndsAndReplacesAll", func(r *vendors.Rooms) { r.Permission = additive{r.Permission} }},
		"mutes the camera, too":       {"MuteIsOfOneMediumOfOneUser", func(r *vendors.Rooms) { r.Mute = allMuted{r.Mute} }},
		"a repeat arrives twice":      {data, func(r *vendors.Rooms) { r.Data = keyless{r.Data} }},
		"tells all what is for one":   {data, func(r *vendors.Rooms) { r.Data = loud{r.Data} }},
		"a recording that never ends": {"RecordingIsStartedListedAndStopped", func(r *vendors.Rooms) { r.Recorder = endless{r.Recorder} }},
		"a lost look is a doubt":      {"WriteWhoseLookIsLostIsNotSent", func(r *vendors.Rooms) { r.Mute = doubting{r.Mute} }},
		"a kick for a while is none":  {"EveryHoldIsOfTheKindsDeclared", func(r *vendors.Rooms) { r.Kick = forgetful{r.Kick} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certified := func(spoil func(*vendors.Rooms)) vendortest.Report {
				only := func(check string) bool { return check == m.caught }
				return vendortest.Certify(t.Context(), "livekit", "mock", only, func(t vendortest.T) vendortest.Fixture {
					f := certify.LiveKitMock(t)
					open := f.Open
					f.Open = func(baseURL string) (*vendors.Vendor, error) {
						v, err := open(baseURL)
						if err == nil {
							spoil(&v.Rooms)
						}
						return v, err
					}
					return f
				})
			}
			if r := certified(func(*vendors.Rooms) {}); r.Count(vendortest.Passed) != 1 {
				t.Fatalf("the right adapter does not pass: %+v", r.Cases)
			}
			if r := certified(m.spoil); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}
