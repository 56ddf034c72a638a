// Package events takes what vendors report by callback and what our own sessions
// do. Each event is kept once however often it is delivered, handed on inside this
// product, and posted to the app's own URL, signed, until the app takes it. Events of one
// user, conversation or room are posted one after the other, in the order in which they
// were taken; those of others go side by side with them.
package events

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strings"
	"sync"
	"time"

	"switchboard/app/webhook"
	"switchboard/vendors"
)

// Config says where events go.
type Config struct {
	URL    string         `desc:"where vendors' events are sent on to, as POSTs signed by the Standard Webhooks scheme; empty: nowhere"`
	Secret vendors.Secret `desc:"signs them: whsec_ and the key in base64"`
	Keep   time.Duration  `default:"72h" desc:"how long an event is remembered, to know it when a vendor repeats it, where its app says nothing else; at least 1h"`

	Reconcile time.Duration `default:"1m" desc:"how often vendors whose callbacks may be lost are asked which rooms there are; at least 5s; 0: never"`
}

// Record is one event as it is kept.
type Record struct {
	ID       string // the vendor account's name and the event's own id
	Key      string // whose events are posted in order, at most 32 bytes; empty: nobody's
	Payload  []byte // the body that is sent on
	Attempts int    // to send it on, this one included once it is claimed
	// Keep is how long it is remembered; zero: as long as the store is told to keep all
	// others.
	Keep time.Duration
}

// Store keeps events. Spans count from the store's own clock.
type Store interface {
	// Add keeps those that are new, due to be sent at once when send is set, and
	// tells for each whether it was new.
	Add(ctx context.Context, records []Record, send bool) ([]bool, error)
	// Claim returns up to limit events that are due, counts an attempt at each, and
	// makes them due again after lease: whoever dies meanwhile has lost nothing. While
	// an older event of its key is not settled for good, an event is not claimed.
	Claim(ctx context.Context, limit int, lease time.Duration) ([]Record, error)
	// Settle ends the claim of r: due again after retry, or never when that is zero;
	// next says that another event of its key waits.
	Settle(ctx context.Context, r Record, retry time.Duration) (next bool, err error)
	// Prune forgets up to limit events that are older than their Keep, or than the span
	// where they have none, and not due.
	Prune(ctx context.Context, older time.Duration, limit int) (int, error)
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	if c.Keep < time.Hour {
		errs = append(errs, errors.New("KEEP: must be at least 1h"))
	}
	if c.Reconcile != 0 && c.Reconcile < 5*time.Second {
		errs = append(errs, errors.New("RECONCILE: must be 0 or at least 5s"))
	}
	if c.URL != "" {
		_, err := webhook.New(c.URL, c.Secret)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Deps is what a Service works with.
type Deps struct {
	Store Store
	Log   *slog.Logger
	// Handle is called once for each new event, for those of one person one after
	// the other. Nil: nobody in this product is told.
	Handle func(context.Context, vendors.Event)
	// Observe is told how each attempt to post an event ended: "sent", "retry" or
	// "dropped". Nil: nobody counts.
	Observe func(result string)
	Spans   vendors.Spans // of posts and looks at vendors; nil: nothing is traced
	// Keep is how long an event is remembered; zero: Config.Keep. Nil: all are.
	Keep func(vendors.Event) time.Duration
}

// Service is the rule over a store. It is safe for concurrent use.
type Service struct {
	cfg     Config
	store   Store
	sender  *webhook.Sender // nil: events are not posted
	log     *slog.Logger
	handle  func(context.Context, vendors.Event)
	observe func(result string)
	keep    func(vendors.Event) time.Duration
	spans   vendors.Spans
	wake    chan struct{} // the outbox has grown
	rooms   knownRooms
}

// New refuses what Config.Validate does.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, store: deps.Store, log: deps.Log.With("component", "events"),
		handle: deps.Handle, observe: deps.Observe, keep: deps.Keep, spans: deps.Spans, wake: make(chan struct{}, 1),
		rooms: knownRooms{accounts: map[string]map[string]*knownRoom{}},
	}
	if s.handle == nil {
		s.handle = func(context.Context, vendors.Event) {}
	}
	if s.observe == nil {
		s.observe = func(string) {}
	}
	if s.keep == nil {
		s.keep = func(vendors.Event) time.Duration { return 0 }
	}
	if cfg.URL == "" {
		return s, nil
	}
	var err error
	s.sender, err = webhook.New(cfg.URL, cfg.Secret)
	return s, err
}

// Take keeps the events that are new and hands them on. When it fails nothing of
// them was handed on, and the vendor should deliver them again.
func (s *Service) Take(ctx context.Context, events []vendors.Event) error {
	if len(events) == 0 {
		return nil
	}
	records := make([]Record, len(events))
	for i, e := range events {
		var err error
		if records[i], err = s.recordOf(e); err != nil {
			return err
		}
	}
	fresh, err := s.store.Add(ctx, records, s.sender != nil)
	if err != nil {
		return err
	}
	s.rooms.heard(events)
	s.handOn(ctx, events, fresh)
	s.grown()
	return nil
}

// recordOf is an event as it is kept.
func (s *Service) recordOf(e vendors.Event) (Record, error) {
	payload, err := json.Marshal(newBody(e))
	if err != nil {
		return Record{}, fmt.Errorf("events: %w", err)
	}
	return Record{ID: e.Vendor + "/" + e.ID, Key: keyOf(e), Payload: payload, Keep: s.keep(e)}, nil
}

// grown tells the workers that the outbox may hold what can be sent now.
func (s *Service) grown() {
	select {
	case s.wake <- struct{}{}:
	default: // they are told already
	}
}

// keyOf is whose events are posted in order: those of a message's conversation, of one
// sender in a chat room, of a room's people, else of a user.
func keyOf(e vendors.Event) string {
	var parts []string
	switch {
	case e.Kind == vendors.EventMessage && e.TargetKind == vendors.ToUsers:
		parts = []string{"between", min(e.From, e.Target), max(e.From, e.Target)}
	case e.Kind == vendors.EventMessage && e.TargetKind == vendors.ToChatRooms: // too many for one after the other
		parts = []string{"in", e.Target, "by", e.From}
	case e.Kind == vendors.EventMessage, e.Kind == vendors.EventChatRoom, e.Kind == vendors.EventRoom:
		parts = []string{"in", string(e.TargetKind), e.Target}
	default:
		parts = []string{"of", cmp.Or(e.From, e.Target)}
	}
	if parts[len(parts)-1] == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(append(parts, e.Vendor, e.App), "\x00")))
	return hex.EncodeToString(sum[:16])
}

// hands is how many events are handed on at once.
const hands = 16

// handOn gives the new events on side by side, since each may wait for a commit, but
// those of one person one after the other.
func (s *Service) handOn(ctx context.Context, events []vendors.Event, fresh []bool) {
	var queues [hands][]vendors.Event
	for i, e := range events {
		if fresh[i] {
			person := fnv.New32a()
			_, _ = person.Write([]byte(e.From))
			queue := &queues[person.Sum32()%hands]
			*queue = append(*queue, e)
		}
	}
	var all sync.WaitGroup
	for _, queue := range queues {
		if len(queue) > 0 {
			all.Go(func() {
				for _, e := range queue {
					s.handle(ctx, e)
				}
			})
		}
	}
	all.Wait()
}

// body is what the app's URL receives: a Standard Webhooks payload.
type body struct {
	Type      string    `json:"type"` // kind and action: "presence.online"
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

// data is a vendors.Event; what a kind does not have is left out.
type data struct {
	ID         string          `json:"id"`
	Vendor     string          `json:"vendor"`
	App        string          `json:"app,omitempty"`
	From       string          `json:"from,omitempty"`
	Target     string          `json:"target,omitempty"`
	TargetKind string          `json:"target_kind,omitempty"`
	Users      []string        `json:"users,omitempty"`
	MessageID  string          `json:"message_id,omitempty"`
	Type       string          `json:"message_type,omitempty"`
	Text       string          `json:"text,omitempty"`
	Content    json.RawMessage `json:"content,omitempty"`
	Session    string          `json:"session,omitempty"`
	Seq        int64           `json:"seq,omitempty"`
	Device     string          `json:"device,omitempty"`
	Attempt    int             `json:"attempt,omitempty"`
	Snapshot   bool            `json:"snapshot,omitempty"`
	AsOf       *time.Time      `json:"as_of,omitempty"`
	Client     string          `json:"client,omitempty"`
	Address    string          `json:"client_address,omitempty"`
	Reason     string          `json:"reason,omitempty"`
}

func newBody(e vendors.Event) body {
	at := e.At
	if at.IsZero() || at.Year() > 9999 { // which JSON cannot say
		at = time.Now()
	}
	var asOf *time.Time
	if !e.AsOf.IsZero() {
		utc := e.AsOf.UTC()
		asOf = &utc
	}
	return body{
		Type: string(e.Kind) + "." + e.Action, Timestamp: at.UTC(),
		Data: data{
			ID: e.ID, Vendor: e.Vendor, App: e.App, From: e.From, Target: e.Target, TargetKind: string(e.TargetKind), Users: e.Users,
			MessageID: e.MessageID, Type: e.Type, Text: e.Text, Content: e.Content, Session: e.Session,
			Seq: e.Seq, Device: e.Device, Attempt: e.Attempt, Snapshot: e.Snapshot, AsOf: asOf,
			Client: e.Client, Address: e.Address, Reason: e.Reason,
		},
	}
}
