package ejabberd

import (
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// errOther is a 1 that answers a question with no.
var errOther = errors.New("not that one")

func isConflict(err error) bool { return errors.Is(err, vendors.ErrConflict) }

// doubtful is the error of a later call of one user's change: what came before it is
// done, so that nobody may take the whole for refused.
func (a *adapter) doubtful(op string, err error) error {
	if err == nil || vendors.OutcomeOf(err) == vendors.Cancelled {
		return err
	}
	return &vendors.Error{Vendor: a.name, Op: op, Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true, Text: "the last call of several failed", Err: errors.Unwrap(err)}
}

// kick ends all of a user's sessions; one without any is no error.
func (a *adapter) kick(ctx context.Context, op, user string) error {
	var ended struct {
		Sessions *int `json:"num_resources"`
	}
	call := a.call(op, upstream.Control, "kick_user", args{"user": localpart(user), "host": a.cfg.Host},
		into(&ended, func(e struct {
			Sessions *int `json:"num_resources"`
		}) bool {
			return e.Sessions != nil
		}))
	return a.up.Do(ctx, call, nil)
}

// Block puts the users into the group that the server's c2s rule denies, and ends
// their sessions. The server knows no time: docs/vendors/ejabberd.md#blocks.
func (a *adapter) Block(ctx context.Context, users []string, d time.Duration) ([]vendors.MemberResult, error) {
	op := vendors.OpUserBlock
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	if err := held.Refuse(a.name, op, d); err != nil {
		return nil, err
	}
	if err := a.blockGroup(ctx, op); err != nil {
		return nil, vendors.BeforeWrite(err)
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(users, func(user string) error {
		if err := a.inGroup(ctx, op, "srg_user_add", user); err != nil {
			return err
		}
		return a.doubtful(op, a.kick(ctx, op, user))
	})
	return all.Rows()
}

// Unblock takes the users out of that group.
func (a *adapter) Unblock(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	op := vendors.OpUserUnblock
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	if err := a.blockGroup(ctx, op); err != nil {
		return nil, vendors.BeforeWrite(err)
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(users, func(user string) error { return a.inGroup(ctx, op, "srg_user_del", user) })
	return all.Rows()
}

func (a *adapter) inGroup(ctx context.Context, op, command, user string) error {
	return a.up.Do(ctx, a.call(op, upstream.Control, command, args{
		"user": localpart(user), "host": a.cfg.Host, "group": a.cfg.BlockGroup, "grouphost": a.cfg.Host,
	}, done), nil)
}

// blockGroup looks whether the group is there: the server adds people to one that is
// not, without a word and without effect.
func (a *adapter) blockGroup(ctx context.Context, op string) error {
	var about []struct{ Key string }
	call := a.call(op, upstream.Read, "srg_get_info", args{"group": a.cfg.BlockGroup, "host": a.cfg.Host}, func(ans upstream.Answer) error {
		if err := into(&about, func([]struct{ Key string }) bool { return true })(ans); err != nil {
			return err
		}
		if len(about) == 0 {
			return &vendors.Error{Outcome: vendors.DefiniteNo, Text: "the server has no such shared roster group", Err: vendors.ErrUnsupported}
		}
		return nil
	})
	call.Keep = time.Minute
	return a.up.Do(ctx, call, nil)
}

// DeleteUsers takes the accounts away, with their cards and what waits for them, and ends
// their sessions. The server says the same of one that is not there
// (docs/vendors/ejabberd.md#deleted-accounts).
func (a *adapter) DeleteUsers(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	op := vendors.OpUserDelete
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(users, func(user string) error {
		var said string
		call := a.call(op, upstream.Control, "unregister", args{"user": localpart(user), "host": a.cfg.Host},
			into(&said, func(s string) bool { return s == "" }))
		if err := a.up.Do(ctx, call, nil); err != nil {
			return err
		}
		return a.doubtful(op, a.kick(ctx, op, user))
	})
	return all.Rows()
}

// session is one connection of a user.
type session struct {
	Resource   string `json:"resource"`
	Connection string `json:"connection"` // "c2s_tls", "websocket"
	IP         string `json:"ip"`
	Uptime     int64  `json:"uptime"` // seconds
}

func (s session) since() time.Time { return time.Now().Add(-time.Duration(s.Uptime) * time.Second) }

// sessions lists a user's connections; nobody has none, whether registered or not.
func (a *adapter) sessions(ctx context.Context, op, user string) ([]session, error) {
	var list []session
	call := a.call(op, upstream.Read, "user_sessions_info", args{"user": localpart(user), "host": a.cfg.Host},
		into(&list, func(all []session) bool {
			return !slices.ContainsFunc(all, func(s session) bool { return s.Resource == "" })
		}))
	err := a.up.Do(ctx, call, nil)
	return list, err
}

// Statuses asks for one user, whose sessions count whatever their presence says: an
// online one has been so since the oldest began.
func (a *adapter) Statuses(ctx context.Context, users []string) ([]vendors.Status, error) {
	op := vendors.OpPresence
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	list, err := a.sessions(ctx, op, users[0])
	if err != nil {
		return nil, err
	}
	s := vendors.Status{User: users[0], State: vendors.PresenceOffline}
	for _, one := range list {
		s.State, s.Devices = vendors.PresenceOnline, append(s.Devices, one.Resource)
		if since := one.since(); s.At.IsZero() || since.Before(s.At) {
			s.At = since
		}
	}
	return []vendors.Status{s}, nil
}

// ListSessions lists the user's resources, which are its devices.
func (a *adapter) ListSessions(ctx context.Context, user string) ([]vendors.Session, error) {
	op := vendors.OpSessionList
	if err := a.checkIDs(op, []string{user}); err != nil {
		return nil, err
	}
	list, err := a.sessions(ctx, op, user)
	var out []vendors.Session
	for _, s := range list {
		out = append(out, vendors.Session{Device: s.Resource, Client: s.Connection, Addr: s.IP, Since: s.since()})
	}
	return out, err
}

// EndSessions ends those of a resource, or all. The server does not tell whether there
// was one (docs/vendors/ejabberd.md#silence).
func (a *adapter) EndSessions(ctx context.Context, user, device string) error {
	op := vendors.OpSessionEnd
	if err := a.checkIDs(op, []string{user}); err != nil {
		return err
	}
	if device == "" {
		return a.kick(ctx, op, user)
	}
	return a.up.Do(ctx, a.call(op, upstream.Control, "kick_session", args{
		"user": localpart(user), "host": a.cfg.Host, "resource": device, "reason": "ended by an operator",
	}, done), nil)
}

// RefreshProfile sets the vCard's full name and the address of its photo, one call for
// each. The server keeps a vCard of nobody, so the adapter looks first.
func (a *adapter) RefreshProfile(ctx context.Context, u vendors.User) error {
	op := vendors.OpUserProfile
	if err := a.checkIDs(op, []string{u.ID}); err != nil {
		return err
	}
	if u.Name == "" && u.Portrait == "" {
		return a.refuse(op, vendors.ErrInvalid, "neither a name nor a portrait")
	}
	if err := a.checkCard(op, u); err != nil {
		return err
	}
	if err := a.registered(ctx, op, u.ID); err != nil {
		return vendors.BeforeWrite(err)
	}
	return a.setCard(ctx, op, u)
}

// checkCard refuses what cannot be shown of a user.
func (a *adapter) checkCard(op string, u vendors.User) error {
	switch l := limits[vendors.OpUserProfile]; {
	case utf8.RuneCountInString(u.Name) > l.Runes || len(u.Portrait) > l.Bytes:
		return a.refuse(op, vendors.ErrTooLarge, "the name or the portrait's URL is too long")
	case !isXML(u.Name) || !isXML(u.Portrait):
		return a.refuse(op, vendors.ErrInvalid, "a character that XML does not have")
	}
	return nil
}

// setCard sets what is not empty.
func (a *adapter) setCard(ctx context.Context, op string, u vendors.User) error {
	whose := args{"user": localpart(u.ID), "host": a.cfg.Host}
	if u.Name != "" {
		call := a.call(op, upstream.Control, "set_vcard", whose.with(args{"name": "FN", "content": u.Name}), done)
		if err := a.up.Do(ctx, call, nil); err != nil {
			return err
		}
	}
	if u.Portrait == "" {
		return nil
	}
	call := a.call(op, upstream.Control, "set_vcard2", whose.with(args{"name": "PHOTO", "subname": "EXTVAL", "content": u.Portrait}), done)
	err := a.up.Do(ctx, call, nil)
	if u.Name == "" {
		return err
	}
	return a.doubtful(op, err)
}

// ImportUsers registers the users, who then can be written to, and sets what their
// vCards show. Their credentials are issued when they come.
func (a *adapter) ImportUsers(ctx context.Context, users []vendors.User) ([]vendors.MemberResult, error) {
	op := vendors.OpUserImport
	ids, byID := make([]string, len(users)), map[string]vendors.User{}
	for i, u := range users {
		ids[i], byID[u.ID] = u.ID, u
		if err := a.checkCard(op, u); err != nil {
			return nil, err
		}
	}
	if err := a.checkIDs(op, ids); err != nil {
		return nil, err
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(ids, func(id string) error {
		if err := a.register(ctx, op, id); err != nil && !isConflict(err) {
			return err
		}
		return a.doubtful(op, a.setCard(ctx, op, byID[id]))
	})
	return all.Rows()
}
