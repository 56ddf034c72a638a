package pairing

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"switchboard/app/pairing/ticket"
)

// who is in the app asked from: an ask of another app does not exist.
func (s *Service) load(ctx context.Context, app, askNo string) (*ticket.Ticket, error) {
	t, err := s.read(ctx, askNo)
	if err == nil && t.App != app {
		err = ticket.ErrUnknownAsk
	}
	return t, err
}

// Answer is a candidate's yes or no to an offer (docs/pairing.md#answers).
func (s *Service) Answer(ctx context.Context, app, askNo string, uid ticket.UID, round int, pass bool) error {
	t, err := s.load(ctx, app, askNo)
	if err != nil {
		return err
	}
	cfg, err := s.snapshots.get(ctx, t.ConfigID)
	if err != nil {
		return err
	}
	ev := ticket.Answer{UID: uid, Round: round, Pass: pass, Payer: s.knownFunds(cfg.MinAsk), Answerer: s.knownFunds(cfg.AnswererMin)}
	if _, err = s.apply(ctx, askNo, ev); !errors.Is(err, ticket.ErrNeedFunds) {
		return err
	}
	payer := t.Asker
	if cfg.Payer == ticket.PayerPeer {
		payer = uid
	}
	ev.Payer = s.checkFunds(ctx, app, payer, cfg.MinAsk)
	ev.Answerer = s.checkFunds(ctx, app, uid, cfg.AnswererMin)
	_, err = s.apply(ctx, askNo, ev)
	return err
}

// Decide is the asker's like or dislike (docs/pairing.md#calls).
func (s *Service) Decide(ctx context.Context, app, askNo string, ev ticket.Confirm) error {
	t, err := s.load(ctx, app, askNo)
	if err != nil {
		return err
	}
	cfg, err := s.snapshots.get(ctx, t.ConfigID)
	if err != nil {
		return err
	}
	ev.Payer = s.knownFunds(cfg.MinLike)
	if _, err = s.apply(ctx, askNo, ev); !errors.Is(err, ticket.ErrNeedFunds) {
		return err
	}
	payer := t.Asker
	if cfg.Payer == ticket.PayerPeer {
		payer = ev.Peer
	}
	ev.Balance = s.readBalance(ctx, app, payer)
	ev.Payer = ev.Balance.Covers(cfg.MinLike)
	_, err = s.apply(ctx, askNo, ev)
	return err
}

// Cancel ends the caller's own search or call (X1 to X8).
func (s *Service) Cancel(ctx context.Context, app, askNo string, uid ticket.UID) error {
	if _, err := s.load(ctx, app, askNo); err != nil {
		return err
	}
	_, err := s.apply(ctx, askNo, ticket.Cancel{UID: uid})
	return err
}

// Info is an ask as the caller may see it (docs/pairing.md#states).
func (s *Service) Info(ctx context.Context, app string, scene int, askNo string, uid ticket.UID) (ticket.View, error) {
	t, err := s.load(ctx, app, askNo)
	if errors.Is(err, ticket.ErrUnknownAsk) {
		if _, cerr := s.Configs.Get(ctx, app, scene); cerr != nil {
			return ticket.View{}, cerr
		}
	}
	if err != nil {
		return ticket.View{}, err
	}
	return t.Info(uid)
}

// CallStarted reports that a call of an ask's round exists (C1, C2, C17).
func (s *Service) CallStarted(ctx context.Context, app, askNo string, ev ticket.CallSeen) error {
	if _, err := s.load(ctx, app, askNo); err != nil {
		return err
	}
	_, err := s.apply(ctx, askNo, ev)
	return err
}

// CallOver reports that a call ended (C4, C5, C14, C16).
func (s *Service) CallOver(ctx context.Context, app, askNo string, ev ticket.CallEnded) error {
	if _, err := s.load(ctx, app, askNo); err != nil {
		return err
	}
	_, err := s.apply(ctx, askNo, ev)
	return err
}

// Ban withdraws a person's wish for offers, and takes them out of whatever they take part in (D5).
func (s *Service) Ban(ctx context.Context, app string, uid ticket.UID) error {
	if _, err := s.SetAvailability(ctx, app, uid, false); err != nil && !errors.Is(err, ErrConfig) && !errors.Is(err, ErrNoConfig) {
		return err
	}
	return s.toHolder(ctx, app, uid, ticket.Banned{UID: uid})
}

// maxRecords is the longest page of records.
const maxRecords = 100

// Records lists uid's connected rounds, newest first (R5), with the one that runs.
func (s *Service) Records(ctx context.Context, app string, uid ticket.UID, before Cursor, limit int) ([]ticket.Record, error) {
	limit = min(max(limit, 1), maxRecords)
	// Read first: a call that ends meanwhile is found in the list.
	live, err := s.liveRecord(ctx, app, uid)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.Records(ctx, app, uid, before, limit)
	at := Cursor{live.StartAt, live.AskNo}
	if err != nil || at == (Cursor{}) || before != (Cursor{}) && at.Compare(before) >= 0 ||
		slices.ContainsFunc(list, func(r ticket.Record) bool { return Cursor{r.StartAt, r.AskNo} == at }) {
		return list, err
	}
	place, _ := slices.BinarySearchFunc(list, at, func(r ticket.Record, at Cursor) int { return at.Compare(Cursor{r.StartAt, r.AskNo}) })
	list = slices.Insert(list, place, live)
	return list[:min(limit, len(list))], nil
}

// liveRecord is the record of the call that uid is in; zero when there is none.
func (s *Service) liveRecord(ctx context.Context, app string, uid ticket.UID) (ticket.Record, error) {
	c, held, err := s.Store.Holder(ctx, app, uid)
	if err != nil || !held {
		return ticket.Record{}, err
	}
	t, err := s.Store.Load(ctx, c.AskNo)
	switch {
	case errors.Is(err, ticket.ErrUnknownAsk): // gone meanwhile
		return ticket.Record{}, nil
	case err != nil || !t.State.InCall() || t.Round().StartAt == 0 || uid != t.Asker && uid != t.Round().Peer:
		return ticket.Record{}, err
	}
	return t.Record(), nil
}

// DeleteRecord hides one of uid's records from them (R1 to R4).
func (s *Service) DeleteRecord(ctx context.Context, app, askNo string, startAt int64, uid ticket.UID) error {
	err := s.Store.DeleteRecord(ctx, app, askNo, startAt, uid)
	if !errors.Is(err, ticket.ErrUnknownAsk) {
		return err
	}
	live, liveErr := s.liveRecord(ctx, app, uid)
	if liveErr == nil && live.AskNo == askNo && live.StartAt == startAt && askNo != "" {
		return ErrRecordLive
	}
	return cmp.Or(liveErr, err)
}
