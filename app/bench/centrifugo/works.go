package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// work is what both sides have to do.
type work struct {
	name string
	do   func(ctx context.Context, p *process, length time.Duration, into *figures) error
}

// publishers are those of a room, each of whom sends when it has the answer to its last.
const publishers = 8

var works = []work{
	{"room-500", room(500)},
	{"room-2000", room(2000)},
	{"pairs-50", chat(50)},
	{"pairs-100", chat(100)},
	{"pairs-200", chat(200)},
	{"pairs-400", chat(400)},
	{"send", sends},
}

func people(prefix string, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

// room has members who listen, and some who send and do not listen.
func room(members int) func(context.Context, *process, time.Duration, *figures) error {
	return func(ctx context.Context, p *process, length time.Duration, into *figures) error {
		those, senders := people("m", members), people("p", publishers)
		name, err := p.room(append(those[:members:members], senders...))
		if err != nil {
			return err
		}
		before := p.resident()
		all, err := openAll(p, those, func(int) string { return name })
		if err != nil {
			return err
		}
		defer all.close()
		time.Sleep(2 * time.Second) // what the logins left is swept
		into.add("an idle socket, KB", (p.resident()-before)/1000/float64(members))
		all.read()
		used, start := p.processor(), time.Now()
		sent, err := publish(ctx, p, senders, name, length)
		if err != nil {
			return err
		}
		if err := all.wait(sent); err != nil {
			return err
		}
		seconds := time.Since(start).Seconds()
		deliveries := float64(sent * members)
		into.add("deliveries a second", deliveries/seconds)
		into.add("messages a second", float64(sent)/seconds)
		into.add("processor time a delivery, us", float64((p.processor()-used).Microseconds())/deliveries)
		into.latencies("arrival", all.took())
		return nil
	}
}

// publish has everybody send for a while, and counts.
func publish(ctx context.Context, p *process, senders []string, room string, length time.Duration) (int, error) {
	var sent atomic.Int64
	errs := make([]error, len(senders))
	var wg sync.WaitGroup
	for i, sender := range senders {
		wg.Go(func() {
			for n, start := 1, time.Now(); time.Since(start) < length && ctx.Err() == nil; n++ {
				if errs[i] = say(p, sender, room, text(i, n)); errs[i] != nil {
					return
				}
				sent.Add(1)
			}
		})
	}
	wg.Wait()
	return int(sent.Load()), errors.Join(append(errs, ctx.Err())...)
}

// chat has pairs talk: the one sends, and when both have the message the other does.
func chat(pairs int) func(context.Context, *process, time.Duration, *figures) error {
	return func(ctx context.Context, p *process, length time.Duration, into *figures) error {
		return talk(ctx, p, pairs, length, into)
	}
}

func talk(ctx context.Context, p *process, pairs int, length time.Duration, into *figures) error {
	those, rooms := people("c", 2*pairs), make([]string, pairs)
	for i := range rooms {
		name, err := p.room(those[2*i : 2*i+2])
		if err != nil {
			return err
		}
		rooms[i] = name
	}
	all, err := openAll(p, those, func(i int) string { return rooms[i/2] })
	if err != nil {
		return err
	}
	defer all.close()
	for _, l := range all {
		l.came = make(chan struct{}, 1)
	}
	all.read()
	used, start := p.processor(), time.Now()
	var sent atomic.Int64
	errs := make([]error, pairs)
	var wg sync.WaitGroup
	for i, room := range rooms {
		wg.Go(func() {
			for n := 1; time.Since(start) < length && ctx.Err() == nil; n++ {
				if errs[i] = say(p, those[2*i+n%2], room, text(0, n)); errs[i] != nil {
					return
				}
				<-all[2*i].came
				<-all[2*i+1].came
				sent.Add(1)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return err
	}
	seconds, n := time.Since(start).Seconds(), float64(sent.Load())
	into.add("deliveries a second", 2*n/seconds)
	into.add("processor time a message, us", float64((p.processor()-used).Microseconds())/n)
	into.latencies("arrival", all.took())
	for _, l := range all {
		if _, err := l.count(); err != nil {
			return err
		}
	}
	return nil
}

// sends has one person send to another, one message after the other.
func sends(ctx context.Context, p *process, length time.Duration, into *figures) error {
	those := people("s", 2)
	name, err := p.room(those)
	if err != nil {
		return err
	}
	all, err := openAll(p, those[1:], func(int) string { return name })
	if err != nil {
		return err
	}
	defer all.close()
	all.read()
	var took []time.Duration
	used := p.processor()
	for start, n := time.Now(), 1; time.Since(start) < length && ctx.Err() == nil; n++ {
		sent := time.Now()
		if err := say(p, those[0], name, text(0, n)); err != nil {
			return err
		}
		took = append(took, time.Since(sent))
		if err := all.wait(n); err != nil { // the next one finds the server idle
			return err
		}
	}
	into.latencies("answer", took)
	into.latencies("arrival", all.took())
	into.add("processor time a message, us", float64((p.processor()-used).Microseconds())/float64(len(took)))
	return ctx.Err()
}
