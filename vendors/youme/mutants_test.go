package youme_test

import (
	"context"
	"testing"
	"time"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// desk is the rooms capability made wrong by the methods that shadow its own.
type desk struct {
	vendors.RoomList
	vendors.RoomQuery
	speakers
	vendors.RoomKick
	vendors.RoomPush
	vendors.RoomPermission
	calls
}

// These have a method of their own name, which an embedded field would hide.
type (
	speakers = vendors.RoomSpeakers
	calls    = vendors.UserCalls
)

func right(v *vendors.Vendor) desk {
	r := v.Rooms
	return desk{r.List, r.Query, r.Speakers, r.Kick, r.Push, r.Permission, r.Calls}
}

type (
	shortList   struct{ desk }
	wrongCount  struct{ desk }
	lonely      struct{ desk }
	blind       struct{ desk }
	allSpeak    struct{ desk }
	minuteKick  struct{ desk }
	noReturn    struct{ desk }
	wrongKick   struct{ desk }
	loud        struct{ desk }
	mute        struct{ desk }
	nextRank    struct{ desk }
	anyRank     struct{ desk }
	everywhere  struct{ desk }
	latest      struct{ desk }
	anyCursor   struct{ desk }
	firstPage   struct{ desk }
	localTime   struct{ desk }
	anyDay      struct{ desk }
	bigPage     struct{ desk }
	alwaysThere struct{ desk }
)

func (d shortList) ListRooms(ctx context.Context, cursor string) (vendors.RoomPage, error) {
	page, err := d.desk.ListRooms(ctx, cursor)
	page.Rooms = page.Rooms[:max(0, len(page.Rooms)-1)]
	return page, err
}

func (d anyCursor) ListRooms(ctx context.Context, _ string) (vendors.RoomPage, error) {
	return d.desk.ListRooms(ctx, "")
}

func (d wrongCount) RoomStatus(ctx context.Context, room string) (vendors.RoomStatus, error) {
	s, err := d.desk.RoomStatus(ctx, room)
	s.Users++
	return s, err
}

func (d lonely) RoomUsers(ctx context.Context, room string) ([]string, error) {
	users, err := d.desk.RoomUsers(ctx, room)
	return users[:min(1, len(users))], err
}

func (d blind) RoomUsers(ctx context.Context, room string) ([]string, error) {
	users, err := d.desk.RoomUsers(ctx, room)
	if len(users) == 0 {
		return nil, nil
	}
	return users, err
}

func (d alwaysThere) RoomStatus(ctx context.Context, room string) (vendors.RoomStatus, error) {
	s, err := d.desk.RoomStatus(ctx, room)
	if s.State == vendors.RoomAbsent {
		s.State = vendors.RoomIdle
	}
	return s, err
}

func (d allSpeak) RoomSpeakers(ctx context.Context, room string) ([]string, error) {
	return d.RoomUsers(ctx, room)
}

func (d minuteKick) KickUser(ctx context.Context, k vendors.Kick) error {
	k.For = max(k.For, time.Minute)
	return d.desk.KickUser(ctx, k)
}

func (d noReturn) KickUser(ctx context.Context, k vendors.Kick) error {
	k.For = 0
	return d.desk.KickUser(ctx, k)
}

func (d wrongKick) KickUser(ctx context.Context, k vendors.Kick) error {
	k.User = "known"
	return d.desk.KickUser(ctx, k)
}

func (d loud) PushText(ctx context.Context, t vendors.RoomText) error {
	t.To = ""
	return d.desk.PushText(ctx, t)
}

func (d mute) PushText(ctx context.Context, t vendors.RoomText) error {
	t.Text = t.Text[:len(t.Text)/2]
	return d.desk.PushText(ctx, t)
}

func (d nextRank) SetPermission(ctx context.Context, c vendors.PermissionChange) error {
	if c.Identity == vendors.IdentityHost {
		c.Identity = vendors.IdentityGuest
	}
	return d.desk.SetPermission(ctx, c)
}

func (d anyRank) SetPermission(ctx context.Context, c vendors.PermissionChange) error {
	if c.Identity == "emperor" {
		c.Identity = vendors.IdentityFree
	}
	return d.desk.SetPermission(ctx, c)
}

func (d latest) SetPermission(ctx context.Context, c vendors.PermissionChange) error {
	c.Sequence = 0
	return d.desk.SetPermission(ctx, c)
}

func (d everywhere) UserState(ctx context.Context, user string) ([]vendors.UserMedia, error) {
	return d.desk.UserState(ctx, "known")
}

func (d firstPage) UserCalls(ctx context.Context, q vendors.CallQuery) ([]vendors.CallRecord, error) {
	q.From = 0
	return d.desk.UserCalls(ctx, q)
}

func (d localTime) UserCalls(ctx context.Context, q vendors.CallQuery) ([]vendors.CallRecord, error) {
	calls, err := d.desk.UserCalls(ctx, q)
	for i := range calls {
		calls[i].JoinedAt = calls[i].JoinedAt.Add(8 * time.Hour)
	}
	return calls, err
}

func (d anyDay) UserCalls(ctx context.Context, q vendors.CallQuery) ([]vendors.CallRecord, error) {
	if _, err := time.Parse(time.DateOnly, q.Day); err != nil {
		q.Day = "2026-01-02"
	}
	return d.desk.UserCalls(ctx, q)
}

func (d bigPage) UserCalls(ctx context.Context, q vendors.CallQuery) ([]vendors.CallRecord, error) {
	q.Limit = min(q.Limit, 100)
	return d.desk.UserCalls(ctx, q)
}

func TestEveryWrongRoomsDeskIsCaught(t *testing.T) {
	certify := func(caught string, spoil func(*vendors.Vendor)) vendortest.Report {
		only := func(name string) bool { return name == caught }
		return vendortest.Certify(t.Context(), "youme", "mock", only, func(t vendortest.T) vendortest.Fixture {
			f := certify.YouMeMock(t, false)
			open := f.Open
			f.Open = func(baseURL string) (*vendors.Vendor, error) {
				v, err := open(baseURL)
				if err == nil {
					spoil(v)
				}
				return v, err
			}
			return f
		})
	}
	status, kick := "RoomStatusAndUsersAreTheFarEnds", "KickedUserIsOutAndTheOthersStay"
	absent, push := "RoomThatIsNotThereIsAbsentAndHasNoUsers", "RoomTextReachesAllOrTheOneNamed"
	rank, calls := "EveryIdentityReachesTheFarEndAsItself", "CallRecordsAreTheFarEndsPageByPage"
	for name, m := range map[string]struct {
		caught string
		spoil  func(*vendors.Vendor)
	}{
		"loses a room":                     {"RoomListHasTheRoomAndItsCount", func(v *vendors.Vendor) { v.Rooms.List = shortList{right(v)} }},
		"takes any cursor for the first":   {"RoomListHasTheRoomAndItsCount", func(v *vendors.Vendor) { v.Rooms.List = anyCursor{right(v)} }},
		"counts itself":                    {status, func(v *vendors.Vendor) { v.Rooms.Query = wrongCount{right(v)} }},
		"only the first user":              {status, func(v *vendors.Vendor) { v.Rooms.Query = lonely{right(v)} }},
		"an absent room is an empty one":   {absent, func(v *vendors.Vendor) { v.Rooms.Query = blind{right(v)} }},
		"an absent room is an idle one":    {absent, func(v *vendors.Vendor) { v.Rooms.Query = alwaysThere{right(v)} }},
		"everybody speaks":                 {"SpeakersAreTheFarEnds", func(v *vendors.Vendor) { v.Rooms.Speakers = allSpeak{right(v)} }},
		"keeps out who may come back":      {kick, func(v *vendors.Vendor) { v.Rooms.Kick = minuteKick{right(v)} }},
		"kicks somebody else":              {kick, func(v *vendors.Vendor) { v.Rooms.Kick = wrongKick{right(v)} }},
		"lets in who must stay out":        {"KickForAWhileKeepsThemOut", func(v *vendors.Vendor) { v.Rooms.Kick = noReturn{right(v)} }},
		"tells all what is for one":        {push, func(v *vendors.Vendor) { v.Rooms.Push = loud{right(v)} }},
		"half the text":                    {push, func(v *vendors.Vendor) { v.Rooms.Push = mute{right(v)} }},
		"a host becomes a guest":           {rank, func(v *vendors.Vendor) { v.Rooms.Permission = nextRank{right(v)} }},
		"an unknown identity becomes free": {rank, func(v *vendors.Vendor) { v.Rooms.Permission = anyRank{right(v)} }},
		"a sequence is passed over":        {"PermissionsAreOrderedAsDeclared", func(v *vendors.Vendor) { v.Rooms.Permission = latest{right(v)} }},
		"a stranger is where others are":   {"UserStateNamesTheRooms", func(v *vendors.Vendor) { v.Rooms.Calls = everywhere{right(v)} }},
		"every page is the first":          {calls, func(v *vendors.Vendor) { v.Rooms.Calls = firstPage{right(v)} }},
		"times of another zone":            {calls, func(v *vendors.Vendor) { v.Rooms.Calls = localTime{right(v)} }},
		"any day will do":                  {calls, func(v *vendors.Vendor) { v.Rooms.Calls = anyDay{right(v)} }},
		"cuts a page that is too large": {"CallOverALimitIsRefusedBeforeItLeavesAndOneAtTheLimitIsNot",
			func(v *vendors.Vendor) { v.Rooms.Calls = bigPage{right(v)} }},
	} {
		t.Run(name, func(t *testing.T) {
			if r := certify(m.caught, func(*vendors.Vendor) {}); r.Count(vendortest.Passed) != 1 {
				t.Fatalf("the right desk does not pass: %+v", r.Cases)
			}
			if r := certify(m.caught, m.spoil); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}
