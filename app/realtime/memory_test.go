package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"
)

// memory is a store with the promises that Log and Members ask for.
type memory struct {
	mu    sync.Mutex
	log   []stored
	convs map[string]*conv
	clock int
	fail  error         // every read fails with it
	delay time.Duration // every read takes it
	reads int           // of the log

	// Called when the memberships of a user, or the changes of a member list, were
	// read and are not answered yet; nil: nothing.
	joined, changed func()
}

type stored struct {
	conv, id, from, text string
	seq                  int64
	echo                 bool
}

type conv struct {
	seq     int64
	version int64
	members map[string]*membership
}

type membership struct {
	seq     int64
	left    bool
	version int64
}

const app = "a"

func newMemory() *memory { return &memory{convs: map[string]*conv{}} }

const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// messageID is the n-th id: text order is the order of n.
func messageID(n int) string {
	id := []byte("ED222-2222-2222-222")
	for i := 18; n > 0; i-- {
		if id[i] == '-' {
			continue
		}
		id[i] = alphabet[n%32]
		n /= 32
	}
	return string(id)
}

func (s *memory) conv(id string) *conv {
	c := s.convs[id]
	if c == nil {
		c = &conv{version: 1, members: map[string]*membership{}}
		s.convs[id] = c
	}
	return c
}

func (s *memory) join(conversation string, users ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conv(conversation)
	for _, u := range users {
		if m := c.members[u]; m != nil && !m.left {
			continue
		}
		c.version++
		c.members[u] = &membership{seq: c.seq, version: c.version}
	}
}

func (s *memory) leave(conversation, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conv(conversation)
	if m := c.members[user]; m != nil && !m.left {
		c.version++
		m.left, m.version = true, c.version
	}
}

// send commits a message when the sender is a member.
func (s *memory) send(conversation, from, text string) (id string, ok bool) {
	return s.sendOut(conversation, from, text, true)
}

func (s *memory) sendOut(conversation, from, text string, echo bool) (id string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conv(conversation)
	if m := c.members[from]; m == nil || m.left {
		return "", false
	}
	c.seq++
	s.clock++
	id = messageID(s.clock)
	s.log = append(s.log, stored{conversation, id, from, text, c.seq, echo})
	return id, true
}

// message is the entry as a delivery, with the version of the member list that is given.
func (e stored) message(version int64) *Message {
	return &Message{
		App: app, Conversation: e.conv, ID: e.id, Seq: e.seq, From: e.from, ToSender: e.echo, MemberVersion: version, Body: e.text,
	}
}

// commit sends, and returns what the sender's node is told of it.
func (s *memory) commit(conversation, from, text string) (c Commit, ok bool) {
	s.mu.Lock()
	after, version := s.clock, s.conv(conversation).version
	s.mu.Unlock()
	if _, ok = s.send(conversation, from, text); !ok {
		return c, false
	}
	return Commit{int64(after), int64(after + 1), s.newest().message(version)}, true
}

// tick is the commit of what is in no log.
func (s *memory) tick() Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock++
	return Commit{int64(s.clock - 1), int64(s.clock), nil}
}

func (s *memory) newest() stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log[len(s.log)-1]
}

// slow makes every read take a time.
func (s *memory) slow(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = delay
}

// down makes every read fail with err, until it is nil.
func (s *memory) down(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *memory) readings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func (s *memory) wait() error {
	s.mu.Lock()
	delay := s.delay
	s.mu.Unlock()
	time.Sleep(delay)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fail
}

func (s *memory) Last(context.Context, string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.log) == 0 {
		return "", nil
	}
	return s.log[len(s.log)-1].id, nil
}

func (s *memory) After(_ context.Context, _, id string, limit int) ([]*Message, error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.after(id, limit, func(stored) bool { return true }), nil
}

func (s *memory) Missed(_ context.Context, u User, id string) ([]*Message, bool, error) {
	if err := s.wait(); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	missed := s.after(id, 1001, func(e stored) bool {
		m := s.convs[e.conv].members[u.ID]
		return u.App == app && m != nil && !m.left && e.seq > m.seq
	})
	if len(missed) > 1000 {
		return nil, false, nil
	}
	return missed, true, nil
}

func (s *memory) after(id string, limit int, want func(stored) bool) (batch []*Message) {
	for _, e := range s.log {
		if e.id > id && want(e) && len(batch) < limit {
			batch = append(batch, e.message(s.convs[e.conv].version))
		}
	}
	return batch
}

func (s *memory) Joined(_ context.Context, u User) (joined []Joined, err error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	if s.joined != nil {
		defer s.joined()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.convs {
		if m := c.members[u.ID]; u.App == app && m != nil && !m.left {
			joined = append(joined, Joined{id, m.seq, c.version})
		}
	}
	return joined, nil
}

func (s *memory) Changes(_ context.Context, a, conversation string, version int64) (changes []Change, _ int64, err error) {
	if err := s.wait(); err != nil {
		return nil, 0, err
	}
	if s.changed != nil {
		defer s.changed()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.convs[conversation]
	for id, m := range c.members {
		if m.version > version && (version > 0 || !m.left) {
			changes = append(changes, Change{id, m.seq, m.left})
		}
	}
	return changes, c.version, nil
}

// wire is a connection in memory. Its zero value takes what it is given.
type wire struct {
	mu    sync.Mutex
	got   []*Message
	pings int
	codes []Code
	stuck chan struct{} // Send blocks until it is closed
	broke error         // Send fails with it
}

func (w *wire) Send(batch []*Message) error {
	if w.stuck != nil {
		<-w.stuck
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, batch...)
	return w.broke
}

func (w *wire) Ping() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pings++
	return nil
}

func (w *wire) Close(code Code) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes = append(w.codes, code)
	if w.stuck != nil && len(w.codes) == 1 {
		close(w.stuck)
	}
}

func (w *wire) texts() (texts []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.got {
		texts = append(texts, m.Body.(string))
	}
	return texts
}

func config() Config {
	return Config{
		QueueMessages: 1000, QueueBytes: 1 << 20, ReadEvery: 500 * time.Millisecond,
		GatewayPing: 25 * time.Second, SocketPing: 10 * time.Second, PollLinger: time.Minute, PlatformSessions: 1, UserSessions: 64,
	}
}

func encode(_ Dialect, m *Message) []byte { return []byte(m.Body.(string)) }

// open starts a hub that is shut down when the test ends.
func open(t testing.TB, s *memory, change func(*Config, *Deps)) *Hub {
	t.Helper()
	cfg, deps := config(), Deps{Apps: []string{app}, Messages: s, Members: s, Encode: encode, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg, &deps)
	}
	h, err := New(context.Background(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func key(user, slot string) Key { return Key{User{app, user}, Gateway, slot} }

// connect opens a pushed session; since nil: without resume.
func connect(t testing.TB, h *Hub, k Key, since *string) (*Session, *wire, bool) {
	t.Helper()
	l := Login{Key: k}
	if since != nil {
		l.Resume, l.Since = true, *since
	}
	s, recovered, err := h.Open(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	s.Start(w)
	return s, w, recovered
}

var errDown = errors.New("store is down")

func texts(from, to int) (want []string) {
	for i := from; i <= to; i++ {
		want = append(want, fmt.Sprint(i))
	}
	return want
}
