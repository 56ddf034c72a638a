package rongcloud

import (
	"slices"
	"strings"
	"time"
)

// user is what the vendor knows of one id. One that never fetched a token is
// not registered, but may have lists, groups and messages all the same.
type user struct {
	id, name, portrait string
	created            time.Time
	registered         bool
	online             bool
	offlineSince       time.Time
	session            string // of the connection
	blockedUntil       time.Time
	black, white, tags []string
	noChat             bool // banned from one-to-one chat
	inactive           bool // deactivated
	inactiveSince      time.Time
	remarks            []remark
	quiet              quiet
	profile            profile
	friendPermission   int // 0: never set
}

type token struct {
	user    string
	issued  time.Time
	expires time.Time // zero: never
}

// user returns the record of id, a new one when there is none.
func (a *App) user(id string) *user {
	u := a.users[id]
	if u == nil {
		u = &user{id: id}
		a.users[id] = u
		a.order = append(a.order, id)
	}
	return u
}

// registered lists the users who fetched a token, oldest first.
func (a *App) registered() []*user {
	var list []*user
	for _, id := range a.order {
		if u := a.users[id]; u != nil && u.registered {
			list = append(list, u)
		}
	}
	return list
}

func (a *App) getToken(r request) (reply, *failure) {
	id := r.text("userId")
	if f := a.checkID("userId", id); f != nil {
		return nil, f
	}
	u := a.user(id)
	if u.inactive {
		return nil, badParameter("userId", "is deactivated") // INVENTED: the code
	}
	if !u.registered {
		if a.cfg.MaxUsers > 0 && len(a.registered()) >= a.cfg.MaxUsers {
			return nil, fail(codeTestUsers, "")
		}
		u.registered, u.created = true, r.Now
	}
	u.name, u.portrait = r.text("name"), r.text("portraitUri")
	t := token{user: id, issued: r.Now}
	if a.cfg.TokenLife > 0 {
		t.expires = r.Now.Add(a.cfg.TokenLife)
	}
	text := a.Random.Token(43) + "=@mock.cn.rongnav.com;mock.cn.rongcfg.com"
	a.tokens[text] = t
	return reply{"userId": id, "token": text}, nil
}

// checkID holds an id against Config.StrictIDs.
func (a *App) checkID(name, id string) *failure {
	if !a.cfg.StrictIDs {
		return nil
	}
	odd := func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9')
	}
	if strings.ContainsFunc(id, odd) {
		return badParameter(name, "must be letters and digits")
	}
	return nil
}

// expireTokens voids what was issued before the given time. Connections stay
// until they drop (docs/vendors/rongcloud.md#tokens).
func (a *App) expireTokens(r request) (reply, *failure) {
	before := time.UnixMilli(int64(r.number("time", 0)))
	for text, t := range a.tokens {
		if slices.Contains(r.list("userId"), t.user) && t.issued.Before(before) {
			delete(a.tokens, text)
		}
	}
	return reply{}, nil
}

func (a *App) refreshUser(r request) (reply, *failure) {
	u := a.user(r.text("userId"))
	if r.has("name") {
		u.name = r.text("name")
	}
	if r.has("portraitUri") {
		u.portrait = r.text("portraitUri")
	}
	return reply{}, nil
}

// userInfo reads a registered user. INVENTED: 1002 for any other.
func (a *App) userInfo(r request) (reply, *failure) {
	u := a.users[r.text("userId")]
	if u == nil || !u.registered {
		return nil, badParameter("userId", "is not registered")
	}
	return reply{"userName": u.name, "userPortrait": u.portrait, "createTime": clock(u.created)}, nil
}

func (a *App) checkOnline(r request) (reply, *failure) {
	if u := a.users[r.text("userId")]; u != nil && u.online {
		return reply{"status": "1"}, nil
	}
	return reply{"status": "0"}, nil
}

// blockUsers cuts the users' connections at once.
func (a *App) blockUsers(r request) (reply, *failure) {
	for _, id := range r.list("userId") {
		u := a.user(id)
		u.blockedUntil = r.until()
		a.disconnect(u, presenceOffline, r.Now)
	}
	return reply{}, nil
}

func (a *App) unblockUsers(r request) (reply, *failure) {
	for _, id := range r.list("userId") {
		a.user(id).blockedUntil = time.Time{}
	}
	return reply{}, nil
}

func (a *App) blockedUsers(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range a.order {
		if u := a.users[id]; u != nil && u.blockedUntil.After(r.Now) {
			list = append(list, reply{"userId": id, "blockEndTime": clock(u.blockedUntil)})
		}
	}
	return reply{"users": page(list, r.count("page", 1), r.count("size", len(list)))}, nil
}

// page is the n-th part of a list, from 1.
func page[T any](list []T, n, size int) []T {
	if size <= 0 || n-1 > len(list)/size {
		return list[:0]
	}
	from := min((n-1)*size, len(list))
	return list[from:min(from+size, len(list))]
}

func (a *App) queryUsers(r request) (reply, *failure) {
	all := []reply{}
	for _, u := range a.registered() {
		all = append(all, reply{"userId": u.id, "userName": u.name, "userPortrait": u.portrait, "regTime": clock(u.created)})
	}
	if r.number("order", 0) == 1 {
		slices.Reverse(all)
	}
	return reply{"total": len(all), "users": page(all, r.count("page", 1), r.count("pageSize", 20))}, nil
}

func (a *App) deleteUsers(r request) (reply, *failure) {
	for _, id := range r.list("userId") {
		if u := a.users[id]; u != nil {
			a.disconnect(u, presenceOffline, r.Now)
		}
		delete(a.users, id)
		delete(a.inbox, id)
		a.order = without(a.order, id)
		for text, t := range a.tokens {
			if t.user == id {
				delete(a.tokens, text)
			}
		}
	}
	return reply{}, nil
}

// closedFor is how long after a deactivation nobody is activated again.
const closedFor = time.Hour

// setInactive deactivates or reactivates users. The answer says nothing of one that is
// activated too early: that is for the callback.
func setInactive(inactive bool) handler {
	return func(a *App, r request) (reply, *failure) {
		for _, id := range r.list("userId") {
			u := a.user(id)
			switch {
			case inactive && !u.inactive:
				a.deactivate(u, r.Now)
			case !inactive && r.Now.Sub(u.inactiveSince) >= closedFor:
				u.inactive = false
			}
		}
		return reply{"operateId": a.Random.Hex(32)}, nil
	}
}

// deactivate cuts the connection and takes the person's data away; groups stay as they
// are. INVENTED: the data goes at once, where the vendor takes up to 15 minutes.
func (a *App) deactivate(u *user, now time.Time) {
	a.disconnect(u, presenceLogout, now)
	*u = user{id: u.id, created: u.created, registered: u.registered, inactive: true, inactiveSince: now, session: u.session, offlineSince: u.offlineSince}
	delete(a.inbox, u.id)
}

func (a *App) inactiveUsers(r request) (reply, *failure) {
	list := []string{}
	for _, id := range a.order {
		if u := a.users[id]; u != nil && u.inactive {
			list = append(list, id)
		}
	}
	return reply{"users": page(list, r.count("pageNo", 1), r.count("pageSize", 50))}, nil
}
