//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"switchboard/openapi/client"
)

// works are the kinds of work, by the names of -only and -without.
var works = []string{"chat", "tip", "wallet", "group", "create", "login", "pair"}

// outcome is what a write came to.
type outcome int

const (
	done    outcome = iota
	refused         // for good, and nothing was done
	unknown         // the caller was told so, or nobody answered for the run's patience
)

// write repeats a call with its key, at one replica after the other, until its outcome is
// known. kind names the place where a promise may be broken on purpose.
func (s *soak) write(kind string, r *rand.Rand, token string, call func(ctx context.Context, c *client.Client) error) outcome {
	ctx, cancel := context.WithTimeout(s.finish, s.patience)
	defer cancel()
	wait := 50 * time.Millisecond
	for try := 0; ; try++ {
		at := s.replicas[r.IntN(len(s.replicas))]
		err := call(ctx, at.as(token, s.meddler(kind, at, try)))
		o, again := judged(err)
		if !again {
			if o == refused {
				s.book.example(kind+" refused", "%v", err)
			}
			return o
		}
		if !pause(ctx, wait/2+rand.N(wait)) {
			s.book.example(kind+" not answered", "%v", err)
			return unknown
		}
		wait = min(2*wait, time.Second)
	}
}

const codeUnderWay = 100113 // the same request is being served now

// judged says what an answer means, and whether the call is to be made again.
func judged(err error) (o outcome, again bool) {
	var e *client.Error
	switch {
	case err == nil:
		return done, false
	case !errors.As(err, &e):
		return unknown, true // no answer
	case e.Code == client.CodeNeverKnown, e.Code == client.CodeUnknownOutcome && e.RetryAfter == 0:
		return unknown, false
	case e.Status == http.StatusTooManyRequests, e.Status >= 500, e.Code == codeUnderWay, e.Code == 200111, e.Code == 200112, e.Code == 200110, e.Code == 200003:
		return unknown, true
	case e.Status == 0 || e.Code == 0 && e.Text == http.StatusText(e.Status): // not the product's
		return unknown, true
	}
	return refused, false
}

// loop runs step until there is no more work, with pauses between.
func (s *soak) loop(name string, between time.Duration, step func(n int, r *rand.Rand)) func() {
	return func() {
		r := s.random(name)
		for n := 0; s.until.Err() == nil; n++ {
			step(n, r)
			if !pause(s.until, between/2+time.Duration(r.Int64N(int64(between)))) {
				return
			}
		}
	}
}

// startWork starts all wanted writers.
func (s *soak) startWork(group *sync.WaitGroup) {
	for name, start := range map[string]func(*sync.WaitGroup){
		"chat": s.startChat, "tip": s.startTips, "wallet": s.startWallet, "group": s.startGroups, "create": s.startCreates, "login": s.startLogins, "pair": s.startPairs,
	} {
		if s.has(name) {
			start(group)
		}
	}
}

// startTips sends messages to users of RongCloud, each once by its key, and judges by the
// vendor's journal.
func (s *soak) startTips(group *sync.WaitGroup) {
	for w := range 2 {
		var mu sync.Mutex
		results := map[string]outcome{}
		group.Go(s.loop(fmt.Sprint("tip", w), 200*time.Millisecond, func(n int, r *rand.Rand) {
			text := fmt.Sprintf("tip-%d-%d", w, n)
			o := s.write("tip", r, "", func(ctx context.Context, c *client.Client) error {
				_, err := c.SendTip(ctx, client.Send{From: "1", Targets: []client.ID{client.ID(tipped)}, Msg: text + "."}, client.SendTipParams{IdempotencyKey: text})
				return err
			})
			s.book.count("tip", o)
			mu.Lock()
			defer mu.Unlock()
			results[text] = o
		}))
		s.ends = append(s.ends, func() {
			for text, o := range results {
				s.once("tip", text, o, s.vendors.sent(text))
			}
		})
	}
}

const tipped = "9001" // who gets all tips

// once judges how often something is there that had the outcome o.
func (s *soak) once(kind, what string, o outcome, there int) {
	switch {
	case there > 1:
		s.book.doubled(kind, "%s is there %d times", what, there)
	case there == 0 && o == done:
		s.book.lost(kind, "%s was acknowledged and is not there", what)
	case there == 1 && o == refused:
		s.book.doubled(kind, "%s was refused and is there", what)
	}
}

// startWallet changes coins. Whoever only gains, or only loses, shows by the balance
// whether a change is missing or made twice.
func (s *soak) startWallet(group *sync.WaitGroup) {
	for w := range 2 {
		who, sign := client.ID(fmt.Sprint(8001+w)), int64(1-2*w)
		var sum int64
		var doubts []int64
		group.Go(s.loop(fmt.Sprint("wallet", w), 200*time.Millisecond, func(n int, r *rand.Rand) {
			id, coins := fmt.Sprintf("soak-%d-%d", w, n), 1+r.Int64N(9)
			o := s.write(fmt.Sprint("wallet", w), r, "", func(ctx context.Context, c *client.Client) error {
				_, err := c.AdjustWallet(ctx, client.Adjust{UID: who, Delta: sign * coins, RequestID: client.ID(id)}, client.AdjustWalletParams{IdempotencyKey: id})
				return err
			})
			s.book.count("wallet", o)
			switch o {
			case done:
				sum += coins
			case unknown:
				doubts = append(doubts, coins)
			}
		}))
		s.ends = append(s.ends, func() { s.judgeCoins(string(who), sum, doubts, sign) })
	}
}

// judgeCoins holds a balance against the changes that were acknowledged and any of those
// that were told unknown; the product has to show what the vendor has.
func (s *soak) judgeCoins(who string, sum int64, doubts []int64, sign int64) {
	changed := sign * (s.vendors.linkv.Default().Balance(who) - startCoins)
	if changed < 0 && sum == 0 && len(doubts) == 0 {
		return // never seen by the vendor
	}
	reach := map[int64]bool{sum: true}
	most := sum
	for _, d := range doubts {
		most += d
		for had := range reach {
			reach[had+d] = true
		}
	}
	switch {
	case changed < sum:
		s.book.lost("wallet", "%s: %d coins of acknowledged changes are missing", who, sum-changed)
	case changed > most:
		s.book.doubled("wallet", "%s: %d coins more than all changes together", who, changed-most)
	case !reach[changed]:
		s.book.lost("wallet", "%s: changed by %d, which no choice of the unknown %v over %d explains", who, changed, doubts, sum)
	}
	var shown client.WalletData
	o := s.write("", rand.New(rand.NewPCG(1, 1)), s.people[who], func(ctx context.Context, c *client.Client) (err error) {
		shown, err = c.Wallet(ctx)
		return err
	})
	if o != done || sign*(shown.Balance-startCoins) != changed {
		s.book.lost("wallet", "%s: the product shows %d coins (outcome %d), the vendor has %d", who, shown.Balance, o, startCoins+sign*changed)
	}
}

// startGroups makes groups at RongCloud and adds members one by one.
func (s *soak) startGroups(group *sync.WaitGroup) {
	type made struct {
		create  outcome
		members map[string]outcome
	}
	groups := map[string]*made{}
	var last string
	group.Go(s.loop("group", 300*time.Millisecond, func(n int, r *rand.Rand) {
		if n%12 == 0 {
			last = fmt.Sprintf("g%d", n)
			groups[last] = &made{members: map[string]outcome{}}
			groups[last].create = s.write("group", r, "", func(ctx context.Context, c *client.Client) error {
				_, err := c.CreateGroup(ctx, client.GroupNew{Group: client.ID(last), Name: "soak", Owner: "1"}, client.CreateGroupParams{IdempotencyKey: last})
				return err
			})
			s.book.count("group", groups[last].create)
			return
		}
		if groups[last].create != done {
			return
		}
		who := fmt.Sprint(7000 + n)
		o := s.write("group", r, "", func(ctx context.Context, c *client.Client) error {
			_, err := c.AddMembers(ctx, last, client.GroupUsers{Users: []client.ID{client.ID(who)}}, client.AddMembersParams{IdempotencyKey: last + who})
			return err
		})
		s.book.count("group", o)
		groups[last].members[who] = o
	}))
	s.ends = append(s.ends, func() {
		for id, g := range groups {
			if g.create != done {
				continue
			}
			there := s.members(id)
			for who, o := range g.members {
				s.once("group", who+" in "+id, o, count(there, who))
			}
		}
	})
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// members lists a group as the product shows it.
func (s *soak) members(group string) (all []string) {
	cursor := ""
	for {
		var page client.UserList
		if s.write("", rand.New(rand.NewPCG(1, 1)), "", func(ctx context.Context, c *client.Client) (err error) {
			page, err = c.ListMembers(ctx, group, client.ListMembersParams{Cursor: cursor, Limit: 100})
			return err
		}) != done {
			s.book.lost("group", "%s cannot be read", group)
			return all
		}
		all = append(all, page.Users...)
		if cursor = page.Cursor; cursor == "" {
			return all
		}
	}
}

// startCreates makes conversations, each once by its key: all of them are its maker's.
func (s *soak) startCreates(group *sync.WaitGroup) {
	ids := map[string]string{} // by key; empty: unknown
	group.Go(s.loop("create", 400*time.Millisecond, func(n int, r *rand.Rand) {
		key := fmt.Sprint("create-", n)
		var made client.InnerCreateData
		o := s.write("create", r, "", func(ctx context.Context, c *client.Client) (err error) {
			kind := int64(3)
			made, err = c.InnerCreate(ctx, client.InnerCreateBody{ConversationType: &kind, Sessions: []client.ID{"creator", "other"}}, client.InnerCreateParams{IdempotencyKey: key})
			return err
		})
		s.book.count("create", o)
		ids[key] = made.ConversationID
	}))
	s.ends = append(s.ends, func() {
		joined, known, doubts := s.joined("creator"), map[string]bool{}, 0
		for key, id := range ids {
			if id == "" {
				doubts++
				continue
			}
			if known[id] {
				s.book.lost("create", "%s: its conversation is another's as well", key)
			}
			known[id] = true
			s.once("create", key, done, count(joined, id))
		}
		if more := len(joined) - len(known); more > doubts {
			s.book.doubled("create", "%d conversations more than were asked for", more-doubts)
		}
	})
}

// joined lists a user's conversations.
func (s *soak) joined(who string) (all []string) {
	order, size, cursor := "activity", client.Text("100"), ""
	for {
		var page client.GatewayJoinedData
		if s.write("", rand.New(rand.NewPCG(1, 1)), s.people[who], func(ctx context.Context, c *client.Client) (err error) {
			page, err = c.GatewayJoined(ctx, client.GatewayJoinedBody{Order: &order, Size: &size, Cursor: &cursor})
			return err
		}) != done {
			s.book.lost("create", "the list of %s cannot be read", who)
			return all
		}
		for _, item := range page.Items {
			all = append(all, item.ConversationID)
		}
		if page.Cursor == nil || *page.Cursor == "" {
			return all
		}
		cursor = *page.Cursor
	}
}

// startLogins lets users come: a token of ours, a credential of the vendor's, a list.
func (s *soak) startLogins(group *sync.WaitGroup) {
	group.Go(s.loop("login", 300*time.Millisecond, func(n int, r *rand.Rand) {
		who, token := client.ID(fmt.Sprint(60000+n%500)), ""
		o := s.write("login", r, "", func(ctx context.Context, c *client.Client) (err error) {
			token, err = c.MintToken(ctx, client.MintTokenBody{Session: who})
			return err
		})
		for _, step := range []func(ctx context.Context, c *client.Client) error{
			func(ctx context.Context, c *client.Client) error {
				_, err := c.IssueToken(ctx, client.IssueTokenBody{})
				return err
			},
			func(ctx context.Context, c *client.Client) error {
				_, err := c.GatewayJoined(ctx, client.GatewayJoinedBody{})
				return err
			},
		} {
			if o == done {
				o = s.write("login", r, token, step)
			}
		}
		s.book.count("login", o)
		if o != done {
			s.book.lost("login", "%s could not log in", who)
		}
	}))
}

// meddler is what stands between a client and a replica: nothing, but where a promise is
// broken on purpose.
func (s *soak) meddler(kind string, at *replica, try int) http.RoundTripper {
	if try > 0 {
		return nil
	}
	switch {
	// Of the two whose coins change one loses and the other doubles: sums hide both together.
	case slices.Contains([]string{"chat", "tip", "wallet0"}, kind) && s.planted("lost", kind):
		return meddle(func(*http.Request) (*http.Response, error) {
			body := `{"code":0,"data":{"MsgID":"x","accepted":1,"failed":[],"request_id":"x"}}`
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
	case slices.Contains([]string{"chat", "tip", "wallet1"}, kind) && s.planted("doubled", kind):
		return meddle(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			twin := req.Clone(req.Context())
			twin.Header.Del("Idempotency-Key")
			other := bytes.Replace(body, []byte(`"request_id":"`), []byte(`"request_id":"twin-`), 1)
			twin.Body, twin.ContentLength = io.NopCloser(bytes.NewReader(other)), int64(len(other))
			req.Body = io.NopCloser(bytes.NewReader(body))
			res, err := at.http.Transport.RoundTrip(twin)
			if err == nil {
				_ = res.Body.Close()
			}
			return at.http.Transport.RoundTrip(req)
		})
	}
	return nil
}

type meddle func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (m meddle) RoundTrip(req *http.Request) (*http.Response, error) { return m(req) }
