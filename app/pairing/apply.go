package pairing

import (
	"context"
	"errors"

	"switchboard/app/pairing/ticket"
)

// tries bounds the runs of one step that keeps meeting other writers (Y3).
const tries = 5

// read returns a ticket's newest state. Where no other replica writes, that is what
// this one committed last, and the store need not be asked. The answer to a request
// thus always comes from a state as new as the request.
func (s *Service) read(ctx context.Context, askNo string) (*ticket.Ticket, error) {
	if t := s.live.get(askNo); t != nil {
		return t, nil // Step never changes a ticket in place
	}
	return s.Store.Load(ctx, askNo)
}

// apply brings one event to a ticket: read, reduce, compare and set. What the
// caller is told comes from a state that was read after the request came.
func (s *Service) apply(ctx context.Context, askNo string, ev ticket.Event) (*ticket.Ticket, error) {
	read := s.read
	for range tries {
		t, err := read(ctx, askNo)
		if err != nil {
			return nil, err
		}
		next, told, err := s.applyTo(ctx, t, ev)
		if !errors.Is(err, ErrConflict) {
			return next, errors.Join(told, err)
		}
		s.count("cas_retries", "")
		read = s.Store.Load // the other write may not be known here yet
	}
	return nil, ticket.ErrUnavailable
}

// applyTo is one try on t as it was read. told is the machine's answer, err why
// nothing was written.
func (s *Service) applyTo(ctx context.Context, t *ticket.Ticket, ev ticket.Event) (next *ticket.Ticket, told, err error) {
	now := s.now()
	cfg, err := s.snapshots.get(ctx, t.ConfigID)
	if err != nil {
		return t, nil, err
	}
	acks := s.sender.takeAcks(t.AskNo)
	after, fx, told := ticket.Step(cfg, t, now, acks, ev)
	if !fx.Changed {
		s.sender.addAcks(t.AskNo, acks...)
		s.mark(fx.Marks)
		return t, told, nil
	}
	defer func() {
		if err != nil {
			s.sender.addAcks(t.AskNo, acks...)
		}
	}()
	b := Batch{Writes: []Write{{Ticket: after, Prev: t.Version, Due: after.DueAt(cfg)}}, Drop: fx.Drop, Take: fx.Take, Records: fx.Records}
	done := []stepped{{after, cfg, fx}}
	for _, l := range fx.Links {
		linked, err := s.link(ctx, l, now, &b)
		if err != nil {
			return t, nil, err
		}
		done = append(done, linked...)
	}
	if err := s.Store.Commit(ctx, b); err != nil {
		for i := range done {
			s.live.invalidate(done[i].t.AskNo, err)
		}
		return t, nil, err
	}
	for i := range done {
		s.committed(ctx, &done[i], now)
	}
	return after, told, nil
}

// link steps a second ticket inside the same commit (M15 to M17).
func (s *Service) link(ctx context.Context, l ticket.Link, now ticket.Instant, b *Batch) ([]stepped, error) {
	t, err := s.read(ctx, l.AskNo)
	if err != nil {
		return nil, err
	}
	cfg, err := s.snapshots.get(ctx, t.ConfigID)
	if err != nil {
		return nil, err
	}
	after, fx, err := ticket.Step(cfg, t, now, nil, l.Event)
	if err != nil || !fx.Changed {
		return nil, err
	}
	b.Writes = append(b.Writes, Write{Ticket: after, Prev: t.Version, Due: after.DueAt(cfg)})
	b.Drop, b.Take = append(b.Drop, fx.Drop...), append(b.Take, fx.Take...)
	b.Records = append(b.Records, fx.Records...)
	return []stepped{{after, cfg, fx}}, nil
}

// committed spreads the news of a commit inside this replica.
func (s *Service) committed(ctx context.Context, d *stepped, now ticket.Instant) {
	s.live.put(d.t)
	s.mark(d.fx.Marks)
	own, known := s.pools.open(d.t.App, d.t.Scene, d.cfg), true
	s.pools.each(d.t.App, func(p *pool) { known = p.committed(d, now) && known })
	if !known {
		if err := s.syncTicket(ctx, own, d.t, now); err != nil {
			s.log.WarnContext(ctx, "recent peers not read", "ask_no", d.t.AskNo, "error", err)
			own.addWaiter(d.t, d.cfg, nil)
			own.updateTicket(d.t, d.cfg, now)
		}
	}
	if len(d.fx.Send) > 0 {
		s.Transport.Take(outgoing(d.t, d.cfg, d.fx.Send))
	}
}

// syncTicket takes a ticket's newest state; another replica, or an earlier life, may
// have opened it.
func (s *Service) syncTicket(ctx context.Context, p *pool, t *ticket.Ticket, now ticket.Instant) error {
	cfg, err := s.snapshots.get(ctx, t.ConfigID)
	if err != nil {
		return err
	}
	if t.Scene != p.scene {
		s.pools.open(t.App, t.Scene, cfg) // reads the store itself
		return nil
	}
	if p.updateTicket(t, cfg, now) {
		return nil
	}
	met, err := s.recentPeers(ctx, cfg, t.App, t.Asker)
	if err != nil {
		return err
	}
	p.addWaiter(t, cfg, met)
	s.prefetchProfile(t.App, t.Asker)
	p.updateTicket(t, cfg, now)
	return nil
}

// recentPeers lists whom an asker is not to meet again so soon (sticky exclusion, docs/pairing.md#candidates).
func (s *Service) recentPeers(ctx context.Context, cfg *ticket.Config, app string, uid ticket.UID) ([]ticket.UID, error) {
	if cfg.ExcludeLast == 0 {
		return nil, nil
	}
	return s.Store.RecentPeers(ctx, app, uid, s.now().Add(-cfg.ExcludeTTL), cfg.ExcludeLast)
}

// toHolder brings an event about a person to the ask that holds them, and to their
// own ask where that one waits for their answer (H).
func (s *Service) toHolder(ctx context.Context, app string, uid ticket.UID, ev ticket.Event) error {
	c, held, err := s.Store.Holder(ctx, app, uid)
	if err != nil || !held {
		return err
	}
	t, err := s.read(ctx, c.AskNo)
	if err != nil {
		return err
	}
	if o := t.OpenOffer(uid); o != nil && o.HeldAsk != "" {
		if _, err := s.apply(ctx, o.HeldAsk, ev); err != nil {
			return err
		}
	}
	_, err = s.apply(ctx, c.AskNo, ev)
	return err
}
