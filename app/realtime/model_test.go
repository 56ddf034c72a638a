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

type world struct {
	*memory
	hub     *Hub
	clients map[Key]*client
}

func TestEveryClientGetsItsMessagesOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
			return step{
				what: rapid.SampledFrom([]string{
					"send", "send", "send", "send", "join", "join", "leave", "connect", "connect", "drop", "wake", "sleep", "store down", "store up",
				}).Draw(r, "what"),
				user: rapid.IntRange(0, 2).Draw(r, "user"),
				slot: rapid.IntRange(0, 1).Draw(r, "slot"),
				conv: rapid.IntRange(0, 2).Draw(r, "conversation"),
			}
		}), 1, 80).Draw(r, "steps")
		failure := ""
		synctest.Test(t, func(t *testing.T) { failure = run(t, steps) })
		if failure != "" {
			r.Fatal(failure)
		}
	})
}

func run(t *testing.T, steps []step) (failure string) {
	s := newMemory()
	h := open(t, s, nil)
	w := &world{memory: s, hub: h, clients: map[Key]*client{}}
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
	w.hub.Wake()
	time.Sleep(time.Second)
	synctest.Wait()
}

func (w *world) do(i int, x step) (failure string) {
	user, conversation := fmt.Sprint("u", x.user), fmt.Sprint("c", x.conv)
	switch x.what {
	case "send":
		if _, ok := w.send(conversation, user, fmt.Sprint(i)); ok {
			w.expect(w.log[len(w.log)-1])
		}
	case "join":
		w.join(conversation, user)
	case "leave":
		w.settle() // a message that is still under way when its reader leaves may come or not
		w.leave(conversation, user)
	case "connect":
		return w.connect(Key{User{app, user}, Dialect(x.slot), fmt.Sprint(x.slot)})
	case "drop":
		if c := w.clients[Key{User{app, user}, Dialect(x.slot), fmt.Sprint(x.slot)}]; c != nil {
			return c.drop()
		}
	case "wake":
		w.hub.Wake()
		synctest.Wait()
	case "sleep":
		time.Sleep(700 * time.Millisecond)
	case "store down":
		w.down(errDown)
	case "store up":
		w.down(nil)
	}
	return ""
}

// expect gives the entry to the clients that are there.
func (w *world) expect(e stored) {
	for k, c := range w.clients {
		if m := w.convs[e.conv].members[k.ID]; c.session != nil && m != nil && !m.left {
			c.want = append(c.want, e)
		}
	}
}

// connect opens a session that continues where the client is.
func (w *world) connect(k Key) (failure string) {
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
	session, recovered, err := w.hub.Open(context.Background(), l)
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
