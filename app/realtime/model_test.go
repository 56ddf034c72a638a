package realtime

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// step is one thing that happens. Which fields count depends on what.
type step struct {
	what string
	user int
	slot int
	conv int
	node int
}

// client is one device as the model sees it: what it has to have received, over
// all its sessions, and what it did receive.
type client struct {
	key     Key
	session *Session
	wire    *wire
	want    []stored
	got     []*Message
}

// world has two nodes on one store. Each is handed its own commits, and hears of the
// other's over a bus that loses, doubles, reorders and delays.
type world struct {
	*memory
	hubs    [2]*Hub
	news    [2][]string // ids that are on their way to the node
	clients map[Key]*client
}

func TestEveryClientGetsItsMessagesOnceAndInOrder(t *testing.T) {
	play(t, nil, []string{
		"send", "send", "send", "send", "untold", "join", "join", "leave", "connect", "connect", "drop", "wake", "hear", "sleep", "store down", "store up",
	})
}

// TestABusThatLiesLosesNothing has everybody listen from the beginning, while both nodes
// send.
func TestABusThatLiesLosesNothing(t *testing.T) {
	var all []step
	for user := range 3 {
		for slot := range 2 {
			for conv := range 3 {
				all = append(all, step{what: "join", user: user, conv: conv})
			}
			all = append(all, step{what: "connect", user: user, slot: slot, node: (user + slot) % 2})
		}
	}
	play(t, all, []string{
		"send", "send", "send", "send", "send", "send", "send", "send", "untold", "tick", "untold tick", "connect",
		"wake", "wake", "hear", "hear", "hear twice", "lose", "rest", "rest", "rest", "sleep", "sleep", "store down", "store up", "store slow", "store slow",
	})
}

// play checks random steps after those that come first.
func play(t *testing.T, first []step, kinds []string) {
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
			return step{
				what: rapid.SampledFrom(kinds).Draw(r, "what"),
				user: rapid.IntRange(0, 2).Draw(r, "user"),
				slot: rapid.IntRange(0, 1).Draw(r, "slot"),
				conv: rapid.IntRange(0, 2).Draw(r, "conversation"),
				node: rapid.IntRange(0, 1).Draw(r, "node"),
			}
		}), 1, 80).Draw(r, "steps")
		failure := ""
		synctest.Test(t, func(t *testing.T) { failure = run(t, append(slices.Clone(first), steps...)) })
		if failure != "" {
			r.Fatal(failure)
		}
	})
}

func run(t *testing.T, steps []step) (failure string) {
	s := newMemory()
	w := &world{memory: s, hubs: [2]*Hub{open(t, s, nil), open(t, s, nil)}, clients: map[Key]*client{}}
	defer s.down(nil)
	for i, x := range steps {
		if failure := w.do(i, x); failure != "" {
			return fmt.Sprintf("step %d %+v: %s", i, x, failure)
		}
	}
	w.settle()
	for k, c := range w.clients {
		if failure := c.compare(true); failure != "" {
			return fmt.Sprintf("%+v at the end: %s", k, failure)
		}
	}
	return ""
}

// settle delivers all there is.
func (w *world) settle() {
	w.down(nil)
	for _, h := range w.hubs {
		h.Wake()
	}
	time.Sleep(time.Second)
	synctest.Wait()
}

func (w *world) do(i int, x step) (failure string) {
	user, conversation := fmt.Sprint("u", x.user), fmt.Sprint("c", x.conv)
	switch x.what {
	case "send", "untold": // nobody is told of a commit whose outcome was not known
		if c, ok := w.commit(conversation, user, fmt.Sprint(i)); ok {
			w.expect(w.newest())
			if x.what == "send" {
				w.committed(x.node, c)
			}
		}
	case "tick", "untold tick": // of what was refused, or is in no log
		if c := w.tick(); x.what == "tick" {
			w.committed(x.node, c)
		}
	case "join":
		w.join(conversation, user)
	case "leave":
		w.settle() // a message that is still under way when its reader leaves may come or not
		w.leave(conversation, user)
	case "connect":
		return w.connect(Key{User{app, user}, Dialect(x.slot), fmt.Sprint(x.slot)}, w.hubs[x.node])
	case "drop":
		if c := w.clients[Key{User{app, user}, Dialect(x.slot), fmt.Sprint(x.slot)}]; c != nil {
			return c.drop()
		}
	case "wake":
		w.hubs[x.node].Wake()
		synctest.Wait()
	case "hear", "hear twice", "lose":
		w.hear(x)
	case "rest":
		synctest.Wait()
	case "sleep":
		time.Sleep(700 * time.Millisecond)
	case "store down":
		w.down(errDown)
	case "store up":
		w.down(nil)
		w.slow(0)
	case "store slow":
		w.slow(20 * time.Millisecond)
	}
	return ""
}

// committed tells the node of its commit, and the other one over the bus.
func (w *world) committed(node int, c Commit) {
	w.hubs[node].Committed([]Commit{c})
	if c.Message != nil {
		w.news[1-node] = append(w.news[1-node], c.Message.ID)
	}
}

// hear brings the node one of the news that are on their way to it, in any order.
func (w *world) hear(x step) {
	waiting := w.news[x.node]
	if len(waiting) == 0 {
		return
	}
	i := (x.conv + x.user) % len(waiting)
	if x.what != "lose" {
		w.hubs[x.node].Heard(app, waiting[i])
	}
	if x.what != "hear twice" {
		w.news[x.node] = slices.Delete(waiting, i, i+1)
	}
}

// expect gives the entry to the clients that are there.
func (w *world) expect(e stored) {
	for k, c := range w.clients {
		if m := w.convs[e.conv].members[k.ID]; c.session != nil && m != nil && !m.left {
			c.want = append(c.want, e)
		}
	}
}

// connect opens a session at a node, which continues where the client is.
func (w *world) connect(k Key, at *Hub) (failure string) {
	w.down(nil)
	c := w.clients[k]
	if c == nil {
		w.settle() // a first login may or may not get what is under way
		c = &client{key: k}
		w.clients[k] = c
	} else if failure := c.drop(); failure != "" {
		return failure
	}
	l := Login{Key: k, Resume: true}
	if len(c.got) > 0 {
		l.Since = c.got[len(c.got)-1].ID
		missed, _, _ := w.Missed(context.Background(), k.User, l.Since)
		for _, m := range missed {
			c.want = append(c.want, stored{conv: m.Conversation, id: m.ID, seq: m.Seq})
		}
	} else {
		w.settle()
	}
	session, recovered, err := at.Open(context.Background(), l)
	if err != nil || !recovered {
		return fmt.Sprintf("Open: recovered %v, %v", recovered, err)
	}
	c.session, c.wire = session, &wire{}
	session.Start(c.wire)
	return ""
}

// drop breaks the connection: what was under way is for the next session.
func (c *client) drop() (failure string) {
	if c.session == nil {
		return ""
	}
	c.session.End(None)
	failure = c.compare(false)
	c.session, c.got = nil, append(c.got, c.wire.got...)
	c.want, c.wire = c.want[:len(c.got)], nil
	return failure
}

// compare says how what came differs from what had to come, or from its
// beginning while more may be under way.
func (c *client) compare(all bool) (failure string) {
	var got, want []string
	for _, m := range c.got {
		got = append(got, m.ID)
	}
	if c.wire != nil {
		for _, m := range c.wire.got {
			got = append(got, m.ID)
		}
	}
	for _, e := range c.want {
		want = append(want, e.id)
	}
	if !all && len(got) < len(want) {
		want = want[:len(got)]
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("got %v, want %v", got, want)
	}
	return ""
}
