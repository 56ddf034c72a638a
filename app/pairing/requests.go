package pairing

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// who is in the app asked from: an ask of another app does not exist.
func (s *Service) load(ctx context.Context, app, askNo string) (*Ticket, error) {
	t, err := s.read(ctx, askNo)
	if err == nil && t.App != app {
		err = ErrUnknownAsk
	}
	return t, err
}

// Answer is a candidate's yes or no to an offer (table 2.8).
func (s *Service) Answer(ctx context.Context, app, askNo string, uid UID, round int, pass bool) error {
	t, err := s.load(ctx, app, askNo)
	if err != nil {
		return err
	}
	cfg, err := s.config(ctx, t.ConfigID)
	if err != nil {
		return err
	}
	ev := Answer{UID: uid, Round: round, Pass: pass, Payer: s.unread(cfg.MinAsk), Answerer: s.unread(cfg.AnswererMin)}
	if _, err = s.apply(ctx, askNo, ev); !errors.Is(err, errNeedFunds) {
		return err
	}
	payer := t.Asker
	if cfg.Payer == PayerPeer {
		payer = uid
	}
	ev.Payer = s.funds(ctx, app, payer, cfg.MinAsk)
	ev.Answerer = s.funds(ctx, app, uid, cfg.AnswererMin)
	_, err = s.apply(ctx, askNo, ev)
	return err
}

// Decide is the asker's like or dislike (table 2.9).
func (s *Service) Decide(ctx context.Context, app, askNo string, ev Confirm) error {
	t, err := s.load(ctx, app, askNo)
	if err != nil {
		return err
	}
	cfg, err := s.config(ctx, t.ConfigID)
	if err != nil {
		return err
	}
	ev.Payer = s.unread(cfg.MinLike)
	if _, err = s.apply(ctx, askNo, ev); !errors.Is(err, errNeedFunds) {
		return err
	}
	payer := t.Asker
	if cfg.Payer == PayerPeer {
		payer = ev.Peer
	}
	ev.Purse = s.purse(ctx, app, payer)
	ev.Payer = ev.Purse.covers(cfg.MinLike)
	_, err = s.apply(ctx, askNo, ev)
	return err
}

// Cancel ends the caller's own search or call (X1 to X8).
func (s *Service) Cancel(ctx context.Context, app, askNo string, uid UID) error {
	if _, err := s.load(ctx, app, askNo); err != nil {
		return err
	}
	_, err := s.apply(ctx, askNo, Cancel{UID: uid})
	return err
}

// Info is an ask as the caller may see it (2.2).
func (s *Service) Info(ctx context.Context, app string, scene int, askNo string, uid UID) (View, error) {
	t, err := s.load(ctx, app, askNo)
	if errors.Is(err, ErrUnknownAsk) {
		if _, cerr := s.Configs.Get(ctx, app, scene); cerr != nil {
			return View{}, cerr
		}
	}
	if err != nil {
		return View{}, err
	}
	return t.Info(uid)
}

// CallStarted reports that a call of an ask's round exists (C1, C2, C17).
func (s *Service) CallStarted(ctx context.Context, app, askNo string, ev CallSeen) error {
	if _, err := s.load(ctx, app, askNo); err != nil {
		return err
	}
	_, err := s.apply(ctx, askNo, ev)
	return err
}

// CallOver reports that a call ended (C4, C5, C14, C16).
func (s *Service) CallOver(ctx context.Context, app, askNo string, ev CallEnded) error {
	if _, err := s.load(ctx, app, askNo); err != nil {
		return err
	}
	_, err := s.apply(ctx, askNo, ev)
	return err
}

// Ban takes a person out of whatever he takes part in (D5).
func (s *Service) Ban(ctx context.Context, app string, uid UID) error {
	return s.toHolder(ctx, app, uid, Banned{UID: uid})
}

// End ends an ask by the operator's order.
func (s *Service) End(ctx context.Context, app, askNo string, why Reason) error {
	if _, err := s.load(ctx, app, askNo); err != nil {
		return err
	}
	_, err := s.apply(ctx, askNo, Stop{Why: why})
	return err
}

// toHolder brings an event about a person to the ask that holds him, and to his
// own ask where that one waits for his answer (H).
func (s *Service) toHolder(ctx context.Context, app string, uid UID, ev Event) error {
	c, held, err := s.Store.Holder(ctx, app, uid)
	if err != nil || !held {
		return err
	}
	t, err := s.read(ctx, c.AskNo)
	if err != nil {
		return err
	}
	if o := t.openOffer(uid); o != nil && o.HeldAsk != "" {
		if _, err := s.apply(ctx, o.HeldAsk, ev); err != nil {
			return err
		}
	}
	_, err = s.apply(ctx, c.AskNo, ev)
	return err
}

// recordsMax is the longest page of records.
const recordsMax = 100

// Records lists uid's connected rounds, newest first (R5), with the one that runs.
func (s *Service) Records(ctx context.Context, app string, uid UID, before Cursor, limit int) ([]Record, error) {
	limit = min(max(limit, 1), recordsMax)
	// Read first: a call that ends meanwhile is found in the list.
	live, err := s.liveRecord(ctx, app, uid)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.Records(ctx, app, uid, before, limit)
	at := Cursor{live.StartAt, live.AskNo}
	if err != nil || at == (Cursor{}) || before != (Cursor{}) && at.Compare(before) >= 0 ||
		slices.ContainsFunc(list, func(r Record) bool { return Cursor{r.StartAt, r.AskNo} == at }) {
		return list, err
	}
	place, _ := slices.BinarySearchFunc(list, at, func(r Record, at Cursor) int { return at.Compare(Cursor{r.StartAt, r.AskNo}) })
	list = slices.Insert(list, place, live)
	return list[:min(limit, len(list))], nil
}

// liveRecord is the record of the call that uid is in; zero when he is in none.
func (s *Service) liveRecord(ctx context.Context, app string, uid UID) (Record, error) {
	c, held, err := s.Store.Holder(ctx, app, uid)
	if err != nil || !held {
		return Record{}, err
	}
	t, err := s.Store.Load(ctx, c.AskNo)
	switch {
	case errors.Is(err, ErrUnknownAsk): // gone meanwhile
		return Record{}, nil
	case err != nil || !t.State.talking() || t.Round().StartAt == 0 || uid != t.Asker && uid != t.Round().Peer:
		return Record{}, err
	}
	return t.record(), nil
}

// DeleteRecord hides one of uid's records from him (R1 to R4).
func (s *Service) DeleteRecord(ctx context.Context, app, askNo string, startAt int64, uid UID) error {
	err := s.Store.DeleteRecord(ctx, app, askNo, startAt, uid)
	if !errors.Is(err, ErrUnknownAsk) {
		return err
	}
	live, liveErr := s.liveRecord(ctx, app, uid)
	if liveErr == nil && live.AskNo == askNo && live.StartAt == startAt && askNo != "" {
		return ErrRecordLive
	}
	return cmp.Or(liveErr, err)
}
