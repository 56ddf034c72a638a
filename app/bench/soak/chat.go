//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"switchboard/openapi/client"
)

const (
	rooms       = 3
	roomWriters = 3
)

// room is a conversation with writers who number what they say, and all readers.
type room struct {
	number int
	id     string
	first  string // the message that stands before all work

	mu     sync.Mutex
	acked  map[said]time.Time // guarded by mu
	others map[said]outcome   // what was not acknowledged; guarded by mu
}

// said is one message: who says it, and the how manieth that is.
type said struct{ writer, n int }

func (m said) text(room int) string { return fmt.Sprintf("say %d %d %d", room, m.writer, m.n) }

// parse reads such a text; false: it is another one.
func parse(text string) (room int, m said, ok bool) {
	if !strings.HasPrefix(text, "say ") {
		return 0, m, false
	}
	n, err := fmt.Sscanf(text, "say %d %d %d", &room, &m.writer, &m.n)
	return room, m, n == 3 && err == nil && room < rooms
}

// prepare makes people and rooms, and calls everything once, before the first fault.
func (s *soak) prepare(ctx context.Context) error {
	var stop context.CancelFunc
	s.finish, stop = context.WithTimeout(ctx, s.patience)
	defer stop()
	r := s.random("prepare")
	people := []string{"1", "8001", "8002", "creator", "other"}
	var members []client.ID
	for i := range rooms * roomWriters {
		people = append(people, writerName(i/roomWriters, i%roomWriters))
	}
	for _, reader := range readerKinds {
		people = append(people, "reader"+reader)
	}
	for _, who := range people[5:] {
		members = append(members, client.ID(who))
	}
	people = append(people, pairPeople()...)
	for _, who := range append(people, tipped) {
		s.vendors.rong.App.AddUser(who, who)
		if err := s.mint(r, who); err != nil {
			return err
		}
	}
	for i := range rooms {
		room := &room{number: i, acked: map[said]time.Time{}, others: map[said]outcome{}}
		kind := int64(3)
		o := s.write("", r, "", func(ctx context.Context, c *client.Client) error {
			made, err := c.InnerCreate(ctx, client.InnerCreateBody{ConversationType: &kind, Sessions: members}, client.InnerCreateParams{})
			room.id = made.ConversationID
			return err
		})
		if o == done {
			o = s.write("", r, s.people[writerName(i, 0)], func(ctx context.Context, c *client.Client) (err error) {
				room.first, err = s.send(ctx, c, room, "begin", "begin")
				return err
			})
		}
		if o != done {
			return fmt.Errorf("making a room: outcome %d %v", o, s.book.examples)
		}
		s.rooms = append(s.rooms, room)
	}
	return nil
}

// mint gets a user's token.
func (s *soak) mint(r *rand.Rand, who string) error {
	platform := int64(1)
	if o := s.write("", r, "", func(ctx context.Context, c *client.Client) error {
		token, err := c.MintToken(ctx, client.MintTokenBody{Session: client.ID(who), Platform: &platform})
		s.people[who] = token
		return err
	}); o != done {
		return fmt.Errorf("a token for %s: outcome %d %v", who, o, s.book.examples)
	}
	return nil
}

func writerName(room, writer int) string { return fmt.Sprintf("writer%dof%d", writer, room) }

// send says text in the room, once for its key.
func (s *soak) send(ctx context.Context, c *client.Client, room *room, key, text string) (id string, err error) {
	kind := int64(1)
	body := client.GatewaySendBody{ConversationID: room.id, Type: &kind, Content: &text}
	sent, err := c.GatewaySend(ctx, body, client.GatewaySendParams{IdempotencyKey: key})
	return sent.MsgID, err
}

func (s *soak) startChat(group *sync.WaitGroup) {
	for i := range rooms * roomWriters {
		room, writer := s.rooms[i/roomWriters], i%roomWriters
		token := s.people[writerName(room.number, writer)]
		group.Go(s.loop(fmt.Sprint("chat", i), 200*time.Millisecond, func(n int, r *rand.Rand) {
			m := said{writer, n}
			text := m.text(room.number)
			o := s.write("chat", r, token, func(ctx context.Context, c *client.Client) error {
				_, err := s.send(ctx, c, room, text, text)
				return err
			})
			s.book.count("chat", o)
			room.mu.Lock()
			defer room.mu.Unlock()
			if o == done {
				room.acked[m] = time.Now()
			} else {
				room.others[m] = o
			}
		}))
	}
	s.ends = append(s.ends, s.judgeHistories)
}

// judgeHistories holds each room's history against what was acknowledged.
func (s *soak) judgeHistories() {
	for _, room := range s.rooms {
		there, last := map[said]int{}, map[int]int{}
		for _, text := range s.history(room) {
			_, m, ok := parse(text)
			if !ok {
				continue
			}
			there[m]++
			if had, any := last[m.writer]; any && m.n < had {
				s.book.doubled("chat", "in the history of room %d, %s stands behind a later one", room.number, m.text(room.number))
			}
			last[m.writer] = m.n
		}
		for m := range room.acked {
			s.once("chat", m.text(room.number)+" in the history", done, there[m])
		}
		for m, o := range room.others {
			s.once("chat", m.text(room.number)+" in the history", o, there[m])
		}
	}
}

// history reads the texts of a whole room.
func (s *soak) history(room *room) (texts []string) {
	from, to := room.first, "ZZZZZ-ZZZZ-ZZZZ-ZZZ"
	for {
		var page client.GatewayHistory
		o := s.write("", rand.New(rand.NewPCG(1, 1)), s.people[writerName(room.number, 0)], func(ctx context.Context, c *client.Client) (err error) {
			page, err = c.GatewayRange(ctx, client.GatewayRangeBody{ConversationID: room.id, StartMsgID: &from, EndMsgID: &to})
			return err
		})
		if o != done {
			s.book.lost("chat", "the history of room %d cannot be read after %s", room.number, from)
			return texts
		}
		for _, m := range page.Msg {
			if m.MsgId != from {
				texts = append(texts, m.Content)
			}
		}
		if page.More == nil || !*page.More || len(page.Msg) == 0 {
			return texts
		}
		from = page.Msg[len(page.Msg)-1].MsgId
	}
}
