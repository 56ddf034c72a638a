package rongcloud

import (
	"slices"
	"time"

	"switchboard/mocks/mock"
)

// App is one customer's app at the vendor: everything that one namespace
// remembers. Its exported methods are for tests and for the admin API; they
// take the namespace's lock themselves.
type App struct {
	*mock.Namespace
	cfg Config

	// all below: guarded by the namespace's lock
	nonces   map[string]bool
	windows  map[string][]window
	users    map[string]*user
	order    []string // of users, as they came
	tokens   map[string]token
	inbox    map[string][]Delivery
	messages map[string]*message
	uids     []string // of messages, oldest first
	words    []word
	groups   map[string]*group
	gags     map[string]time.Time // users muted in all groups
	rooms    map[string]*chatRoom
	mutes    map[string]time.Time // users muted in all chat rooms
	alive    []string             // chat rooms kept alive
	demoted  []string             // message types dropped first
	kept     []string             // message types never dropped
	rtc      map[string]*rtcRoom
	barred   map[string]time.Time // users kept out of all RTC rooms
	sent     map[string]window    // messages of each client in the current second

	talks    map[talk]*setting
	talkTags map[string][]*conversationTag // by user
	logs     map[string]string             // hour -> secret in the link to its message log
	friends  map[string][]*friend          // by user, in the order of adding
	asked    []friendRequest
	ultras   map[string]*ultraGroup
	repeats  map[string]string // sender, group, channel and msgRandom -> message id
	pushes   []Push
	bots     records
	agents   records
}

func open(cfg Config, n *mock.Namespace) *App {
	a := &App{Namespace: n, cfg: cfg}
	for name, url := range cfg.Callbacks {
		n.Callbacks.Target(name, url)
	}
	a.Reset()
	return a
}

// Reset forgets everything. It runs inside Namespace.Do.
func (a *App) Reset() {
	*a = App{
		Namespace: a.Namespace, cfg: a.cfg,
		nonces: map[string]bool{}, windows: map[string][]window{}, users: map[string]*user{},
		tokens: map[string]token{}, inbox: map[string][]Delivery{}, messages: map[string]*message{},
		groups: map[string]*group{}, gags: map[string]time.Time{}, rooms: map[string]*chatRoom{},
		mutes: map[string]time.Time{}, rtc: map[string]*rtcRoom{}, barred: map[string]time.Time{}, sent: map[string]window{},
		talks: map[talk]*setting{}, talkTags: map[string][]*conversationTag{}, logs: map[string]string{},
		friends: map[string][]*friend{}, ultras: map[string]*ultraGroup{}, repeats: map[string]string{},
	}
}

// off reports whether a service is not enabled.
func (a *App) off(s Service) bool { return slices.Contains(a.cfg.Off, s) }

// with adds what is not there yet; without takes away.
func with(list []string, more ...string) []string {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

func without(list []string, less ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return slices.Contains(less, s) })
}

// whole is a copy that JSON never shows as null.
func whole(list []string) []string { return append([]string{}, list...) }

// running drops the bans that are over and returns who is left, in order.
func running(bans map[string]time.Time, now time.Time) []string {
	var names []string
	for name, until := range bans {
		if !until.After(now) {
			delete(bans, name)
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// timed is the vendor's list of bans: [{userId, time}].
func timed(bans map[string]time.Time, now time.Time) []reply {
	list := []reply{}
	for _, name := range running(bans, now) {
		list = append(list, reply{"userId": name, "time": clock(bans[name])})
	}
	return list
}
