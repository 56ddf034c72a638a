package rongcloud_test

import (
	"context"
	"time"

	"switchboard/vendors"
)

// wrong is the right adapter with single methods overridden by what follows.
type wrong struct{ *vendors.Vendor }

type (
	otherToken   struct{ wrong }
	deafPresence struct{ wrong }
	blindWords   struct{ wrong }
	shortText    struct{ wrong }
	swappedList  struct{ wrong }
	stuckUnblock struct{ wrong }
	emptyGroup   struct{ wrong }
	softKick     struct{ wrong }
	stuckBan     struct{ wrong }
	fullRoom     struct{ wrong }
	sameWords    struct{ wrong }
	oldName      struct{ wrong }
	endless      struct{ wrong }
	sweeping     struct{ wrong }
)

func (s sameWords) SendTemplate(ctx context.Context, t vendors.Template) (vendors.Receipt, error) {
	for i := range t.To {
		t.To[i].Values = t.To[0].Values
	}
	return s.Vendor.Templates.SendTemplate(ctx, t)
}

func (o otherToken) Issue(ctx context.Context, u vendors.User) (vendors.Credential, error) {
	u.ID = "bob"
	return o.Vendor.Tokens.Issue(ctx, u)
}

func (deafPresence) Statuses(_ context.Context, users []string) ([]vendors.Status, error) {
	return []vendors.Status{{User: users[0], State: vendors.PresenceOnline}}, nil
}

func (b blindWords) ListWords(ctx context.Context) ([]vendors.Word, error) {
	words, err := b.Vendor.Words.ListWords(ctx)
	for i := range words {
		words[i].Replace = ""
	}
	return words, err
}

func (s shortText) Translate(ctx context.Context, t vendors.Translation) (string, error) {
	t.Text = t.Text[:len(t.Text)/2]
	return s.Vendor.Translator.Translate(ctx, t)
}

func (s swappedList) AddToBlacklist(ctx context.Context, user string, blocked []string) ([]vendors.MemberResult, error) {
	_, err := s.Vendor.Blacklist.AddToBlacklist(ctx, blocked[0], []string{user})
	return vendors.AllMembers(blocked, err)
}

func (s swappedList) RemoveFromBlacklist(ctx context.Context, user string, blocked []string) ([]vendors.MemberResult, error) {
	_, err := s.Vendor.Blacklist.RemoveFromBlacklist(ctx, blocked[0], []string{user})
	return vendors.AllMembers(blocked, err)
}

func (s stuckUnblock) Block(ctx context.Context, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	return s.Vendor.Users.Block(ctx, users, d)
}

func (stuckUnblock) Unblock(_ context.Context, users []string) ([]vendors.MemberResult, error) {
	return vendors.AllMembers(users, nil)
}

func (e emptyGroup) CreateGroup(ctx context.Context, g vendors.Group) (vendors.GroupRef, error) {
	g.Members = nil
	return e.Vendor.Groups.CreateGroup(ctx, g)
}

func (e emptyGroup) ChangeGroup(ctx context.Context, id string, add, remove []string) ([]vendors.MemberResult, error) {
	return e.Vendor.Groups.ChangeGroup(ctx, id, add, remove)
}

func (e emptyGroup) DismissGroup(ctx context.Context, id, by string) error {
	return e.Vendor.Groups.DismissGroup(ctx, id, by)
}

func (oldName) RenameGroup(context.Context, string, string, string) error { return nil }

func (e endless) MuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	m.For = 0
	return e.Vendor.MemberMutes.MuteMembers(ctx, m)
}

func (e endless) UnmuteMembers(ctx context.Context, m vendors.MemberMute) ([]vendors.MemberResult, error) {
	return e.Vendor.MemberMutes.UnmuteMembers(ctx, m)
}

func (s softKick) KickUser(ctx context.Context, k vendors.Kick) error {
	k.For = 0
	return s.Vendor.Rooms.Kick.KickUser(ctx, k)
}

func (s stuckBan) BanUsers(ctx context.Context, room string, users []string, d time.Duration) error {
	return s.Vendor.Rooms.Ban.BanUsers(ctx, room, users, d)
}
func (stuckBan) UnbanUsers(context.Context, string, []string) error { return nil }
func (stuckBan) DissolveRoom(context.Context, string) error         { return nil }

func (f fullRoom) RoomStatus(_ context.Context, room string) (vendors.RoomStatus, error) {
	return vendors.RoomStatus{ID: room, State: vendors.RoomActive, Users: 2}, nil
}

func (f fullRoom) RoomUsers(ctx context.Context, room string) ([]string, error) {
	return f.Vendor.Rooms.Query.RoomUsers(ctx, room)
}

// right keeps the right capabilities aside for a wrong one to call.
func right(v *vendors.Vendor) wrong {
	c := *v
	return wrong{&c}
}

// Revoke voids all that there is.
func (s sweeping) Revoke(ctx context.Context, users []string, _ time.Time) ([]vendors.MemberResult, error) {
	return s.Vendor.Revoker.Revoke(ctx, users, time.Now().Add(time.Second))
}

func stateMutants() []mutant {
	const holds = "EveryHoldIsOfTheKindsDeclared"
	return []mutant{
		{name: "loses a capability", caught: "CapabilitiesAreAsDeclared", vendor: func(v *vendors.Vendor) { v.Recaller = nil }},
		{name: "understates a limit", caught: "LimitsAreAsDocumented", vendor: func(v *vendors.Vendor) {
			own := vendors.Limits{}
			for op, l := range v.Limits {
				own[op] = l
			}
			own[vendors.OpTranslate] = vendors.Limit{Runes: 10000}
			v.Limits = own
		}},
		{name: "token of somebody else", caught: "IssuedTokenIsTheUsersAtTheFarEnd", vendor: func(v *vendors.Vendor) { v.Tokens = otherToken{right(v)} }},
		{name: "all read the first one's words", caught: "TemplateReachesEachTargetInItsOwnWords", vendor: func(v *vendors.Vendor) { v.Templates = sameWords{right(v)} }},
		{name: "everybody is online", caught: "PresenceFollowsTheFarEnd", vendor: func(v *vendors.Vendor) { v.Presence = deafPresence{right(v)} }},
		{name: "loses replacements", caught: "WordListIsTheFarEndsWithItsReplacements", vendor: func(v *vendors.Vendor) { v.Words = blindWords{right(v)} }},
		{name: "translates half the text", caught: "TranslationIsTheFarEndsOfTheWholeText", vendor: func(v *vendors.Vendor) { v.Translator = shortText{right(v)} }},
		{name: "swaps owner and blacklisted", caught: "BlacklistIsTheOwnersAndNotTheOthers", vendor: func(v *vendors.Vendor) { v.Blacklist = swappedList{right(v)} }},
		{name: "unblock does nothing", caught: holds, vendor: func(v *vendors.Vendor) { v.Users = stuckUnblock{right(v)} }},
		{name: "declares a block for good", caught: holds, vendor: func(v *vendors.Vendor) { v.Traits.Block |= vendors.HoldOpen }},
		{name: "declares no end of a room's ban", caught: holds, vendor: func(v *vendors.Vendor) { v.Traits.Ban = vendors.HoldTimed }},
		{name: "declares no kick for a while", caught: holds, vendor: func(v *vendors.Vendor) { v.Traits.Kick = 0 }},
		{name: "declares a kick for a while and keeps nobody out", caught: holds, vendor: func(v *vendors.Vendor) { v.Rooms.Kick = softKick{right(v)} }},
		{name: "revokes new tokens with the old", caught: "CredentialsAreRevokedAsFarBackAsDeclared", vendor: func(v *vendors.Vendor) { v.Revoker = sweeping{right(v)} }},
		{name: "declares that it revokes all", caught: "CredentialsAreRevokedAsFarBackAsDeclared", vendor: func(v *vendors.Vendor) { v.Traits.Revoke = vendors.RevokeNow }},
		{name: "group without its members", caught: "CreatedGroupHasItsCreatorAndMembers", vendor: func(v *vendors.Vendor) { v.Groups = emptyGroup{right(v)} }},
		{name: "group keeps its old name", caught: "RenamedGroupHasItsNewNameAndItsMembers", vendor: func(v *vendors.Vendor) { v.GroupNames = oldName{right(v)} }},
		{name: "mute forgets for how long", caught: "MemberMutedForAWhileIsMutedSoLongOrItIsRefused", vendor: func(v *vendors.Vendor) { v.MemberMutes = endless{right(v)} }},
		{name: "kick forgets for how long", caught: "KickForAWhileKeepsThemOut", vendor: func(v *vendors.Vendor) { v.Rooms.Kick = softKick{right(v)} }},
		{name: "unban does nothing", caught: "BannedUserIsOutUntilUnbanned", vendor: func(v *vendors.Vendor) { v.Rooms.Ban = stuckBan{right(v)} }},
		{name: "dissolve does nothing", caught: "DissolvedRoomIsEmpty", vendor: func(v *vendors.Vendor) { v.Rooms.Dissolve = stuckBan{right(v)} }},
		{name: "absent room is active", caught: "RoomThatIsNotThereIsAbsentAndHasNoUsers", vendor: func(v *vendors.Vendor) { v.Rooms.Query = fullRoom{right(v)} }},
	}
}
