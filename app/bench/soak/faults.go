//go:build linux

package main

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"time"

	"switchboard/mocks/mock"
)

// disturbances are the faults that a run has, by the names of -only and -without.
var disturbances = []string{"kill", "stop", "store", "bus", "away", "hang", "refuse", "drop", "slow"}

// disturb makes one fault after the other until ctx ends, at times two at once, and lets
// things be well for some seconds in between. It returns when all is well again.
func (s *soak) disturb(ctx context.Context) {
	var wanted []string
	for _, name := range disturbances {
		if s.has(name) && !(name == "store" && s.store == nil) && !(name == "bus" && s.bus == nil) {
			wanted = append(wanted, name)
		}
	}
	r := s.random("faults")
	for len(wanted) > 0 && pause(ctx, time.Second+time.Duration(r.IntN(4000))*time.Millisecond) {
		now := []string{wanted[r.IntN(len(wanted))]}
		if other := wanted[r.IntN(len(wanted))]; r.IntN(4) == 0 && other != now[0] {
			now = append(now, other)
		}
		s.calm.begin()
		var faults sync.WaitGroup
		for i, name := range now {
			source := rand.New(rand.NewPCG(r.Uint64(), uint64(i)))
			faults.Go(func() { s.disturbance(name, source) })
		}
		s.say("%s", strings.Join(now, " and "))
		faults.Wait()
		s.awaitReady(strings.Join(now, " and "))
		s.calm.end()
		for _, name := range now {
			s.book.fault(name)
		}
	}
}

// awaitReady waits until every replica is ready; one that does not get there is a finding.
func (s *soak) awaitReady(after string) {
	for _, r := range s.replicas {
		if err := r.ready(context.Background(), s.patience, strings.Contains(after, "store")); err != nil {
			s.book.fail("ready", "after %s: %v", after, err)
			r.kill()
			if err := r.run(); err != nil {
				s.book.fail("ready", "%v", err)
			}
		}
	}
}

// disturbance is one fault, from its beginning to its end.
func (s *soak) disturbance(name string, r *rand.Rand) {
	down := 500*time.Millisecond + time.Duration(r.IntN(4000))*time.Millisecond
	victim := s.replicas[r.IntN(len(s.replicas))]
	var err error
	switch name {
	case "kill", "stop":
		sig, patience := syscall.SIGKILL, time.Minute
		if name == "stop" {
			sig = syscall.SIGTERM
		}
		if !victim.signal(sig, patience) {
			s.book.fail("ready", "%s did not stop within %s", victim.name, patience)
		}
		time.Sleep(down / 4)
		err = victim.run()
	case "store", "bus":
		server := s.store
		if name == "bus" {
			server = s.bus
		}
		server.kill()
		time.Sleep(down)
		err = server.start()
	case "away":
		relays := []*relay{s.vendors.rongRelay, s.vendors.liveRelay}
		relay := relays[r.IntN(2)]
		relay.cut()
		time.Sleep(down)
		err = relay.open()
	default:
		err = s.misbehave(name, s.vendors.faults[r.IntN(2)], down)
	}
	if err != nil {
		s.book.fail("ready", "%s: %v", name, err)
	}
}

// misbehave makes every second call at a vendor go wrong for a time.
func (s *soak) misbehave(name string, at *mock.Faults, long time.Duration) error {
	action := map[string]mock.Action{
		"hang":   {Kind: mock.Hang},
		"refuse": {Kind: mock.Status, Status: 500},
		"drop":   {Kind: mock.Drop, After: true}, // the write is made, and nobody is told
		"slow":   {Kind: mock.Delay, Wait: 700 * time.Millisecond},
	}[name]
	id, err := at.Add(mock.Match{Probability: 0.5}, action)
	if err != nil {
		return err
	}
	time.Sleep(2 * long)
	at.Remove(id)
	return nil
}

// plants are the promises that can be broken on purpose.
var plants = []string{"lost", "doubled", "late", "leaked"}

// planted says, once for each place, whether to break the promise there.
func (s *soak) planted(name, place string) bool {
	if !s.plants(name) {
		return false
	}
	return s.book.plant(name + " " + place)
}
