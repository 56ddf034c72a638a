package ejabberd_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// Each is the adapter made wrong in one method.
type (
	wholeGroups  struct{ vendors.Groups }
	doneGroups   struct{ vendors.Groups }
	foldedGroups struct{ vendors.Groups }
	endlessBlock struct{ vendors.Users }
	endlessMute  struct{ vendors.MemberMutes }
	deafMute     struct {
		vendors.MemberMutes
		groups vendors.Groups
	}
	allDevices struct{ vendors.Sessions }
	present    struct{ vendors.Presence }
	keeps      struct{ vendors.Revoker }
	stays      struct{ vendors.Deletions }
	neighbour  struct{ vendors.Deletions }
)

func (w wholeGroups) CreateGroup(ctx context.Context, g vendors.Group) (vendors.GroupRef, error) {
	ref, err := w.Groups.CreateGroup(ctx, g)
	if ref.ID != "" {
		return ref, nil // hides who is not in it
	}
	return ref, err
}

func (w doneGroups) ChangeGroup(ctx context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	rows, err := w.Groups.ChangeGroup(ctx, id, add, remove)
	for i := range rows {
		rows[i].State, rows[i].Err = vendors.MemberAccepted, nil
	}
	if rows != nil {
		return rows, nil
	}
	return rows, err
}

func (w foldedGroups) CreateGroup(ctx context.Context, g vendors.Group) (vendors.GroupRef, error) {
	for i, m := range g.Members {
		g.Members[i] = strings.ToLower(m) // as the server does
	}
	return w.Groups.CreateGroup(ctx, g)
}

func (w endlessBlock) Block(ctx context.Context, users []string, _ time.Duration) ([]vendors.MemberResult, error) {
	return w.Users.Block(ctx, users, 0)
}

func (w endlessMute) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	m.For = 0
	return w.MemberMutes.MuteMembers(ctx, m)
}

func (w deafMute) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	if m.For != 0 {
		return w.MemberMutes.MuteMembers(ctx, m)
	}
	return w.groups.ChangeGroup(ctx, m.Group, nil, m.Users)
}

func (w allDevices) EndSessions(ctx context.Context, user, _ string) error {
	return w.Sessions.EndSessions(ctx, user, "")
}

func (w present) Statuses(ctx context.Context, users []string) ([]vendors.Status, error) {
	found, err := w.Presence.Statuses(ctx, users)
	for i := range found {
		found[i].State = vendors.PresenceOnline
	}
	return found, err
}

func (w keeps) Revoke(_ context.Context, users []string, _ time.Time) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(users, nil)
}

func (w stays) DeleteUsers(_ context.Context, users []string) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(users, nil)
}

// DeleteUsers deletes the first alone, and tells it of all.
func (w neighbour) DeleteUsers(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	if len(users) == 0 {
		return w.Deletions.DeleteUsers(ctx, users)
	}
	_, err := w.Deletions.DeleteUsers(ctx, users[:1])
	return vendors.AllMembers(users, err)
}

// The traps of docs/vendors/ejabberd.md, each as an adapter that falls into it: the suite
// has to notice. A nil serve passes everything on.
func TestEveryWrongAdapterIsCaught(t *testing.T) {
	t.Parallel()
	const holds, deleted = "EveryHoldIsOfTheKindsDeclared", "DeletedUserIsGoneAloneAndAsDeclared"
	for name, m := range map[string]struct {
		caught string
		serve  func(vendortest.Exchange) (int, []byte)
		spoil  func(*vendors.Vendor)
	}{
		"a 1 under 200 is success": {"VendorCodeHasItsOutcomeAndIsKeptRaw", func(x vendortest.Exchange) (int, []byte) {
			status, answer, _ := x.Ask()
			if status == 200 && bytes.Equal(bytes.TrimSpace(answer), []byte("1")) {
				answer = []byte("0")
			}
			return status, answer
		}, nil},
		"who is not there is written to": {"MessageToWhoIsNotKnownEndsAsDeclared", func(x vendortest.Exchange) (int, []byte) {
			status, answer, _ := x.Ask()
			if strings.HasSuffix(x.URL.Path, "/check_account") && status == 200 {
				answer = []byte("0") // it does not look first
			}
			return status, answer
		}, nil},
		"an exception is a refusal": {"VendorCodeHasItsOutcomeAndIsKeptRaw", func(x vendortest.Exchange) (int, []byte) {
			status, answer, _ := x.Ask()
			if status == 500 {
				status = 400
			}
			return status, answer
		}, nil},
		"what may be done is done again": {"WriteIsNeverRepeatedByItself", func(x vendortest.Exchange) (int, []byte) {
			status, answer, ok := x.Ask()
			if !ok || status >= 500 {
				status, answer, _ = x.Ask()
			}
			return status, answer
		}, nil},
		"a group half made is whole":           {"GroupMadeWithoutAllItsMembersIsToldAsSuch", nil, func(v *vendors.Vendor) { v.Groups = wholeGroups{v.Groups} }},
		"a change half done is done":           {"GroupChangeThatEndsHalfDoneSaysWhatIsDoneAndWhatIsLeft", nil, func(v *vendors.Vendor) { v.Groups = doneGroups{v.Groups} }},
		"ids are folded as the server does":    {"IdsThatDifferNameDifferentPeopleOrAreRefused", nil, func(v *vendors.Vendor) { v.Groups = foldedGroups{v.Groups} }},
		"a block for a while never ends":       {holds, nil, func(v *vendors.Vendor) { v.Users = endlessBlock{v.Users} }},
		"a mute for a while never ends":        {holds, nil, func(v *vendors.Vendor) { v.MemberMutes = endlessMute{v.MemberMutes} }},
		"who is muted is put out":              {"MutedMemberIsMutedAloneUntilUnmuted", nil, func(v *vendors.Vendor) { v.MemberMutes = deafMute{v.MemberMutes, v.Groups} }},
		"the end of one device is that of all": {"SessionsAreListedAndEndedAsFarAsDeclared", nil, func(v *vendors.Vendor) { v.Sessions = allDevices{v.Sessions} }},
		"everybody is online":                  {"PresenceFollowsTheFarEnd", nil, func(v *vendors.Vendor) { v.Presence = present{v.Presence} }},
		"a revoked password lets in":           {"RevokedTokenIsNobodys", nil, func(v *vendors.Vendor) { v.Revoker = keeps{v.Revoker} }},
		"a deleted user stays":                 {deleted, nil, func(v *vendors.Vendor) { v.Deletions = stays{v.Deletions} }},
		"one of two is deleted":                {deleted, nil, func(v *vendors.Vendor) { v.Deletions = neighbour{v.Deletions} }},
		"a deleted user talks on": {deleted, func(x vendortest.Exchange) (int, []byte) {
			if strings.HasSuffix(x.URL.Path, "/kick_user") {
				return 200, []byte(`{"num_resources":0}`)
			}
			status, answer, _ := x.Ask()
			return status, answer
		}, nil},
		"presence is said to be polled": {"TraitsAreAsDocumented", nil, func(v *vendors.Vendor) { v.Traits.Presence.Every = time.Minute }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certified := func(wrong bool) vendortest.Report {
				only := func(check string) bool { return check == m.caught }
				return vendortest.Certify(t.Context(), "ejabberd", "stand-in", only, func(t vendortest.T) vendortest.Fixture {
					f := certify.EjabberdMock(t)
					open := f.Open
					f.Open = func(baseURL string) (*vendors.Vendor, error) {
						if wrong && m.serve != nil {
							baseURL = vendortest.Between(t, baseURL, m.serve)
						}
						v, err := open(baseURL)
						if err == nil && wrong && m.spoil != nil {
							m.spoil(v)
						}
						return v, err
					}
					return f
				})
			}
			if r := certified(false); r.Count(vendortest.Passed) != 1 {
				t.Fatalf("the right adapter does not pass: %+v", r.Cases)
			}
			if r := certified(true); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}
