package events

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/webhook"
	"switchboard/vendors"
)

// memory is a store in memory: what is due is due at once.
type memory struct {
	mu      sync.Mutex // guards what follows
	records map[string]Record
	due     []string // and what is claimed, the oldest first
	leased  map[string]bool
	settled map[string]time.Duration
	broken  error
}

func newMemory() *memory {
	return &memory{records: map[string]Record{}, leased: map[string]bool{}, settled: map[string]time.Duration{}}
}

func (s *memory) Add(_ context.Context, records []Record, send bool) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, s.broken
	}
	fresh := make([]bool, len(records))
	for i, r := range records {
		if _, there := s.records[r.ID]; !there {
			s.records[r.ID], fresh[i] = r, true
			if send {
				s.due = append(s.due, r.ID)
			}
		}
	}
	return fresh, nil
}

func (s *memory) Claim(_ context.Context, limit int, _ time.Duration) (claimed []Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := map[string]bool{}
	for _, id := range s.due {
		r := s.records[id]
		if keys[r.Key] || s.leased[id] || len(claimed) == limit {
			keys[r.Key] = r.Key != ""
			continue
		}
		keys[r.Key] = r.Key != ""
		r.Attempts++
		s.records[id], s.leased[id] = r, true
		claimed = append(claimed, r)
	}
	return claimed, s.broken
}

func (s *memory) Settle(_ context.Context, r Record, retry time.Duration) (next bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled[r.ID] = retry
	if delete(s.leased, r.ID); retry == 0 {
		s.due = slices.DeleteFunc(s.due, func(id string) bool { return id == r.ID })
	}
	return slices.ContainsFunc(s.due, func(id string) bool { return r.Key != "" && s.records[id].Key == r.Key }), nil
}

func (s *memory) Prune(context.Context, time.Duration, int) (int, error) { return 0, nil }

const secret = "whsec_c3dpdGNoYm9hcmQtdGVzdC1zZWNyZXQ="

func service(t *testing.T, store Store, url string, handle func(context.Context, vendors.Event)) *Service {
	t.Helper()
	s, err := New(Config{URL: url, Secret: secret, Keep: time.Hour}, Deps{Store: store, Log: slog.New(slog.DiscardHandler), Handle: handle})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestListenersHearEachEventOnceAndNothingOfWhatWasNotKept(t *testing.T) {
	store := newMemory()
	var heard []string
	s := service(t, store, "http://127.0.0.1:1", func(_ context.Context, e vendors.Event) { heard = append(heard, e.ID) })
	store.broken = errors.New("the store is away")
	if err := s.Take(t.Context(), []vendors.Event{{ID: "a"}}); !errors.Is(err, store.broken) || len(heard) != 0 {
		t.Fatalf("%v, heard %q", err, heard)
	}
	store.broken = nil
	for range 2 {
		if err := s.Take(t.Context(), []vendors.Event{{ID: "a"}, {ID: "b"}, {ID: "a"}, {ID: "a", Vendor: "other"}}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(heard, []string{"a", "b", "a"}) {
		t.Errorf("heard %q", heard)
	}
}

func TestAnswerOfTheAppDecidesWhatBecomesOfAnEvent(t *testing.T) {
	for _, c := range []struct {
		name     string
		status   int // 0: nobody answers
		attempts int
		result   string
		retry    time.Duration // at least; at most a fifth more
	}{
		{"taken", 200, 1, "sent", 0},
		{"taken without a body", 204, 7, "sent", 0},
		{"error", 500, 1, "retry", retries[0]},
		{"error again", 503, 4, "retry", retries[3]},
		{"redirect is not followed", 302, 2, "retry", retries[1]},
		{"refused, and perhaps repaired", 401, 1, "retry", retries[0]},
		{"nobody there", 0, 1, "retry", retries[0]},
		{"last time but one", 500, len(retries), "retry", retries[len(retries)-1]},
		{"given up", 500, len(retries) + 1, "dropped", 0},
		{"not wanted any more", 410, 1, "dropped", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
			}))
			url := app.URL
			if c.status == 0 {
				app.Close()
			} else {
				defer app.Close()
			}
			store, results := newMemory(), []string{}
			s := service(t, store, url, nil)
			s.observe = func(r string) { results = append(results, r) }
			s.send(t.Context(), Record{ID: "v/e", Payload: []byte("{}"), Attempts: c.attempts})
			retry := store.settled["v/e"]
			if !slices.Equal(results, []string{c.result}) || retry < c.retry || retry > c.retry+c.retry/5 {
				t.Errorf("%q, again after %s", results, retry)
			}
		})
	}
}

func TestEventIsSentOnWithWhatItHasAndNothingElse(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := json.Marshal(newBody(vendors.Event{ID: "e", Vendor: "rongcloud", Kind: vendors.EventPresence, Action: "online", At: at, From: "ann"}))
	want := `{"type":"presence.online","timestamp":"2026-01-02T03:04:05Z","data":{"id":"e","vendor":"rongcloud","from":"ann"}}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	got, err = json.Marshal(newBody(vendors.Event{ID: "e", Vendor: "rongcloud", Kind: vendors.EventChatRoom, Action: "destroyed", At: at, Target: "hall", Client: "iOS", Address: "1.2.3.4:5", Reason: "empty"}))
	want = `{"type":"chatroom.destroyed","timestamp":"2026-01-02T03:04:05Z","data":{"id":"e","vendor":"rongcloud","target":"hall","client":"iOS","client_address":"1.2.3.4:5","reason":"empty"}}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestBadConfigurationIsNamedAndShowsNoSecret(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Keep: time.Minute}, "KEEP"},
		{Config{Keep: time.Hour, URL: "app.example.com"}, "URL"},
		{Config{Keep: time.Hour, URL: "https://app.example.com"}, "SECRET"},
		{Config{Keep: time.Hour, URL: "https://app.example.com", Secret: "whsec_not base64"}, "SECRET"},
	} {
		_, err := New(c.cfg, Deps{Store: newMemory(), Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "base64 not") || strings.Contains(err.Error(), "not base64") {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
}

// A receiver that hangs on one event is still asked for the others.
func TestEventThatHangsHoldsUpNoOther(t *testing.T) {
	release, got := make(chan struct{}), make(chan string, 200)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if id := r.Header.Get("webhook-id"); id != "v/0" {
			got <- id
			return
		}
		<-release
	}))
	defer app.Close()
	defer close(release)
	s := service(t, newMemory(), app.URL, nil)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); _ = s.Run(ctx) }()
	defer func() { stop(); <-ran }()
	const events = 2 * workers
	for i := range events {
		if err := s.Take(t.Context(), []vendors.Event{{Vendor: "v", ID: strconv.Itoa(i), From: strconv.Itoa(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n < events; n++ {
		select {
		case <-got:
		case <-time.After(webhook.Timeout / 2):
			t.Fatalf("%d of %d came while one hung", n-1, events-1)
		}
	}
}
