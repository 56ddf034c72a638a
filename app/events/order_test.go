package events

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/webhook"
	"switchboard/vendors"
)

// One user's events arrive in order, although each may be refused a few times, some are
// not wanted at all, and one user's receiver hangs, which delays nobody else's.
func TestEventsOfOneUserArriveInOrder(t *testing.T) {
	const users, each = 12, 20
	release := make(chan struct{})
	var mu sync.Mutex // guards what follows
	arrived, refused := map[string][]string{}, map[string]int{}
	all := make(chan struct{})
	left := (users - 1) * each
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, n, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("webhook-id"), "v/"), "-")
		if user == "0" {
			<-release
			return
		}
		mu.Lock()
		defer mu.Unlock()
		id := user + "-" + n
		if refused[id] < len(id)%3 {
			refused[id]++
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if arrived[user] = append(arrived[user], n); rand.IntN(5) == 0 {
			w.WriteHeader(http.StatusGone) // given up: the next ones go on
		}
		if left--; left == 0 {
			close(all)
		}
	}))
	defer app.Close()
	defer close(release)
	s := service(t, newMemory(), app.URL, nil)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); _ = s.Run(ctx) }()
	defer func() { stop(); <-ran }()
	for n := range each {
		for user := range users {
			u := strconv.Itoa(user)
			if err := s.Take(t.Context(), []vendors.Event{{Vendor: "v", ID: u + "-" + strconv.Itoa(n), Kind: vendors.EventPresence, From: u}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.grown()
	for waiting := true; waiting; {
		select {
		case <-all:
			waiting = false
		case <-time.After(10 * time.Millisecond):
			s.grown() // the memory's retries are due at once, and nobody polls so often
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		case <-time.After(2 * webhook.Timeout):
			t.Fatal("not all have come while one receiver hangs")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for user, got := range arrived {
		for i, n := range got {
			if n != strconv.Itoa(i) {
				t.Fatalf("the events of %s came as %q", user, got)
			}
		}
	}
}

func TestWhoseEventsAreInOrder(t *testing.T) {
	message := func(kind vendors.TargetKind, from, to string) vendors.Event {
		return vendors.Event{Kind: vendors.EventMessage, TargetKind: kind, From: from, Target: to, Vendor: "v"}
	}
	other := func(kind vendors.EventKind, from, target string) vendors.Event {
		return vendors.Event{Kind: kind, From: from, Target: target, Vendor: "v"}
	}
	foreign := message(vendors.ToUsers, "a", "b")
	foreign.Vendor = "w"
	for _, c := range []struct {
		name string
		a, b vendors.Event
		same bool
	}{
		{"both ways of a conversation", message(vendors.ToUsers, "a", "b"), message(vendors.ToUsers, "b", "a"), true},
		{"two conversations of one user", message(vendors.ToUsers, "a", "b"), message(vendors.ToUsers, "a", "c"), false},
		{"names that run together", message(vendors.ToUsers, "a", "bc"), message(vendors.ToUsers, "ab", "c"), false},
		{"one group", message(vendors.ToGroups, "a", "g"), message(vendors.ToGroups, "b", "g"), true},
		{"a group and a user of the same name", message(vendors.ToGroups, "a", "b"), message(vendors.ToUsers, "a", "b"), false},
		{"two senders in a chat room", message(vendors.ToChatRooms, "a", "r"), message(vendors.ToChatRooms, "b", "r"), false},
		{"one sender in a chat room", message(vendors.ToChatRooms, "a", "r"), message(vendors.ToChatRooms, "a", "r"), true},
		{"who comes and goes", other(vendors.EventPresence, "a", ""), other(vendors.EventPresence, "a", ""), true},
		{"two who come and go", other(vendors.EventPresence, "a", ""), other(vendors.EventPresence, "b", ""), false},
		{"a room's people", other(vendors.EventRoom, "a", "r"), other(vendors.EventRoom, "b", "r"), true},
		{"two vendors", message(vendors.ToUsers, "a", "b"), foreign, false},
	} {
		a, b := keyOf(c.a), keyOf(c.b)
		if a == "" || len(a) > 32 || (a == b) != c.same {
			t.Errorf("%s: %q and %q", c.name, a, b)
		}
	}
	if key := keyOf(vendors.Event{Kind: vendors.EventPresence}); key != "" {
		t.Errorf("nobody's event has the key %q", key)
	}
}
