//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"switchboard/openapi/client"
)

const (
	askers     = 2 // of numbers from 101
	candidates = 3 // of numbers from 201
	price      = 8 // coins for a started minute
)

func pairPeople() (people []string) {
	for i := range askers {
		people = append(people, fmt.Sprint(101+i))
	}
	for i := range candidates {
		people = append(people, fmt.Sprint(201+i))
	}
	return people
}

// startPairs lets askers ask, be matched, talk and pay, over and over. Candidates hear of
// offers by a socket and take each. In the end nobody is held, and coins were taken for
// the calls that were had, once each.
func (s *soak) startPairs(group *sync.WaitGroup) {
	over, stop := context.WithCancel(context.Background())
	var asking, answering sync.WaitGroup
	for i := range candidates {
		who := fmt.Sprint(201 + i)
		answering.Go(func() { s.candidate(over, who) })
	}
	for i := range askers {
		who := fmt.Sprint(101 + i)
		asking.Go(s.loop("pair"+who, 500*time.Millisecond, func(_ int, r *rand.Rand) { s.book.count("pair", s.ask(who, r)) }))
		s.ends = append(s.ends, func() { s.judgePairs(who) })
	}
	group.Go(func() { asking.Wait(); stop(); answering.Wait() })
}

// candidate takes every offer, and calls who asked.
func (s *soak) candidate(ctx context.Context, who string) {
	r := s.random("candidate " + who)
	available := func(ctx context.Context, c *client.Client) error {
		_, err := c.PairAvail(ctx, client.PairAvail{On: true})
		return err
	}
	s.write("", r, s.people[who], available)
	var reactions sync.WaitGroup
	l := &listener{soak: s, way: "ws", token: s.people[who], missed: func() {}, handle: func(f frame, _ time.Time) {
		var cmd struct {
			Name string
			Data struct {
				AskNo   string `json:"ask_no"`
				RoundNo int64  `json:"round_no"`
			}
		}
		if f.Type != commandType || json.Unmarshal([]byte(f.Content), &cmd) != nil {
			return
		}
		own := rand.New(rand.NewPCG(r.Uint64(), 1))
		switch cmd.Name {
		case "dispatch":
			reactions.Go(func() {
				s.write("", own, s.people[who], func(ctx context.Context, c *client.Client) error {
					return c.PairAnswer(ctx, client.PairAnswer{AskNo: cmd.Data.AskNo, RoundNo: cmd.Data.RoundNo, Pass: true})
				})
			})
		case "matched":
			reactions.Go(func() { s.call(own, who, cmd.Data.AskNo, cmd.Data.RoundNo, "started") })
		}
	}}
	l.run(ctx, r)
	reactions.Wait()
}

func (s *soak) call(r *rand.Rand, who, ask string, round int64, event string) outcome {
	return s.write("", r, s.people[who], func(ctx context.Context, c *client.Client) error {
		return c.PairCall(ctx, client.PairCall{AskNo: ask, RoundNo: round, CallID: "call-" + ask, Event: event})
	})
}

// info is how an ask stands; ok is false when nobody says.
func (s *soak) info(r *rand.Rand, who, ask string) (info client.PairInfoData, ok bool) {
	o := s.write("", r, s.people[who], func(ctx context.Context, c *client.Client) (err error) {
		info, err = c.PairInfo(ctx, client.PairOf{AskNo: ask})
		return err
	})
	return info, o == done
}

// ask goes from an ask to the end of its call: done when there was one.
func (s *soak) ask(who string, r *rand.Rand) outcome {
	var asked client.PairAskData
	o := s.write("", r, s.people[who], func(ctx context.Context, c *client.Client) (err error) {
		asked, err = c.PairAsk(ctx, client.PairAsk{})
		if e, is := err.(*client.Error); is && e.Code == 200107 { // the answer to an earlier attempt was lost
			return json.Unmarshal(e.Data, &asked)
		}
		return err
	})
	if o != done {
		return o
	}
	liked := false
	for ctx, began := s.finish, time.Now(); ; {
		info, ok := s.info(r, who, asked.AskNo)
		switch {
		case !ok:
			return unknown
		case info.Status == 1 && liked:
			return done
		case info.Status == 1:
			return refused // nobody took it, or the call never began
		case info.CallID != "" && !liked:
			liked = s.talk(r, who, info)
		}
		if time.Since(began) > s.patience || !pause(ctx, 50*time.Millisecond) {
			s.book.lost("pair", "ask %s of %s has not ended after %s: %+v", asked.AskNo, who, time.Since(began).Round(time.Second), info)
			return unknown
		}
	}
}

// talk likes the peer, and lets both say that it is over; false: it came to nothing.
func (s *soak) talk(r *rand.Rand, who string, info client.PairInfoData) bool {
	var o outcome
	for round := int64(1); round <= 3; round++ { // the number is told by a command, which may be under way
		o = s.write("", r, s.people[who], func(ctx context.Context, c *client.Client) error {
			return c.PairConfirm(ctx, client.PairConfirm{AskNo: info.AskNo, RoundNo: round, Pass: true, PeerUID: client.ID(strconv.FormatInt(info.PeerUID, 10)), CallID: &info.CallID})
		})
		if o == done {
			time.Sleep(2 * time.Second) // longer than replicas' clocks may differ, so that there is something to pay
			for _, one := range []string{who, strconv.FormatInt(info.PeerUID, 10)} {
				s.call(r, one, info.AskNo, round, "ended")
			}
			return true
		}
	}
	return false
}

// judgePairs holds an asker's coins against the calls that were had.
func (s *soak) judgePairs(who string) {
	least, most := int64(0), int64(0)
	cursor := ""
	for {
		var page client.PairRecordsData
		limit := int64(100)
		if s.write("", rand.New(rand.NewPCG(1, 1)), s.people[who], func(ctx context.Context, c *client.Client) (err error) {
			page, err = c.PairRecords(ctx, client.PairRecords{Limit: &limit, Cursor: &cursor})
			return err
		}) != done {
			s.book.lost("pair", "the records of %s cannot be read", who)
			return
		}
		for _, record := range page.Items {
			if !record.Liked {
				continue
			}
			if record.EndAt == 0 {
				s.book.lost("pair", "the call of ask %s has no end", record.AskNo)
			}
			// Whole seconds: at the edge of a minute either number is right. The price
			// counts from the like, which is later than the record's start.
			least += price
			most += price * max(1, (record.EndAt-record.StartAt+61)/60)
		}
		if cursor = page.Cursor; cursor == "" || len(page.Items) == 0 {
			break
		}
	}
	taken := func() int64 { return startCoins - s.vendors.linkv.Default().Balance(who) }
	for began := time.Now(); taken() < least && time.Since(began) < s.patience/2; { // the wallet is told by an outbox
		time.Sleep(100 * time.Millisecond)
	}
	if n := taken(); n < least && least > 0 {
		s.book.lost("pair", "%s paid %d coins, the calls cost %d to %d", who, n, least, most)
	} else if n > most && least > 0 {
		s.book.doubled("pair", "%s paid %d coins, the calls cost %d to %d", who, n, least, most)
	}
}
