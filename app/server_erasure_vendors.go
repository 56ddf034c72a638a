package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"switchboard/app/erasure"
	"switchboard/app/erasure/erasuresql"
	"switchboard/app/ledger"
	"switchboard/app/users"
	"switchboard/handlers"
	"switchboard/vendors"
)

// States of a fate.
const (
	fateDone   = "done"
	fateAsked  = "asked" // taken by the vendor, which does it later
	fateCannot = "cannot"
	fateDoubt  = "doubt"
)

// fateOf is what became of what at an account, as the audit keeps it. Where nothing is
// there, nothing is left to take away.
func fateOf(account, what string, state vendors.MemberState, err error) erasure.Fate {
	f := erasure.Fate{Vendor: account, What: what, State: fateDone}
	switch {
	case err == nil && state == vendors.MemberPending:
		f.State, f.Reason = fateAsked, "the vendor took it, and does it later"
	case err == nil || errors.Is(err, vendors.ErrNotFound):
	case state == vendors.MemberUnknown:
		f.State, f.Reason = fateDoubt, handlers.Find(err).Text
	default:
		f.State, f.Reason = fateCannot, handlers.Find(err).Text
	}
	return f
}

// tellTries is how many processes may die while they tell vendors.
const tellTries = 3

// tellVendors asks them to end what the user has there: the ledger remembers what they
// said. Where a process died in between, they are asked again: to end what is ended does
// no harm.
func (s *server) tellVendors(ctx context.Context, who erasure.Subject) (fates []erasure.Fate, err error) {
	for try := range tellTries {
		w := ledger.Write{App: who.App, Key: "erasure-" + who.Job, RequestID: who.Job, Op: vendors.OpUserErase, Payload: who.Pseudonym}
		if try > 0 {
			w.Key += fmt.Sprint("-", try)
		}
		r, _, err := s.ledger.Do(ctx, w, func(ctx context.Context) (any, error) { return s.forgetAtVendors(ctx, who) })
		if errors.Is(err, ledger.ErrInProgress) { // by a process that died, until its time is over
			return nil, fmt.Errorf("%w: vendors are being told", erasure.ErrLater)
		}
		if err != nil {
			return nil, err
		}
		if len(r.Data) > 0 && json.Unmarshal(r.Data, &fates) == nil {
			return fates, nil
		}
	}
	return []erasure.Fate{{State: fateDoubt, Reason: "what the vendors were asked is not known"}}, nil
}

func (s *server) forgetAtVendors(ctx context.Context, who erasure.Subject) (out []erasure.Fate, err error) {
	fates, err := s.people.Forget(ctx, who.App, who.User, who.Job, who.Pseudonym, time.Now())
	if unable := new(vendors.UnableError); err != nil && !errors.As(err, &unable) {
		return nil, err
	}
	for _, f := range fates {
		out = append(out, fateOf(f.Account, f.ID, f.State, f.Err))
	}
	left, err := s.door.PutOutOfAll(ctx, who.App, who.User)
	if err != nil {
		return nil, err
	}
	for _, l := range left {
		state := vendors.MemberAccepted
		if vendors.OutcomeOf(l.Err) == vendors.Ambiguous {
			state = vendors.MemberUnknown
		}
		out = append(out, fateOf(l.Account, "rooms", state, l.Err))
	}
	return out, nil
}

// deleteAccounts asks every account of the app's that keeps users to delete the user. They
// are asked at once: one that hangs or is away holds up no other.
func (s *server) deleteAccounts(ctx context.Context, who erasure.Subject) ([]erasure.Fate, error) {
	var keeping []*vendors.Vendor
	for _, account := range s.routes.AccountsFor(who.App) {
		if live := s.routes.Live(account); len(live) > 0 && (live[0].Tokens != nil || live[0].Deletions != nil) {
			keeping = append(keeping, live[0])
		}
	}
	fates, errs := make([]erasure.Fate, len(keeping)), make([]error, len(keeping))
	var all sync.WaitGroup
	for i, v := range keeping {
		all.Go(func() {
			if err := s.people.MayDelete(who.App, v); err != nil {
				fates[i] = fateOf(v.Name, users.Account, vendors.MemberRefused, err)
				return
			}
			fates[i], errs[i] = s.deleteAt(ctx, who, v.Name)
		})
	}
	all.Wait()
	return fates, errors.Join(errs...)
}

// deletion is what the ledger keeps of one: whose it is stands in the job, which forgets it
// at its end.
type deletion struct {
	Job     string `json:"job"`
	Account string `json:"account"`
}

type deleted struct {
	State vendors.MemberState `json:"state"`
}

// deleteAt has an account delete the user, once. Where it is not known whether it did, the
// ledger makes it again until it is, and the job waits.
func (s *server) deleteAt(ctx context.Context, who erasure.Subject, account string) (erasure.Fate, error) {
	w := ledger.Write{App: who.App, Key: "erasure-" + who.Job + "-" + account, RequestID: who.Job, Op: vendors.OpUserDelete, Vendor: account, Payload: deletion{who.Job, account}}
	r, _, err := s.ledger.Do(ctx, w, func(ctx context.Context) (any, error) {
		state, err := s.people.Delete(ctx, who.User, account)
		return deleted{state}, err
	})
	f := erasure.Fate{Vendor: account, What: users.Account, State: fateDoubt, Reason: "whether the vendor deleted the user is not known"}
	switch {
	case errors.Is(err, ledger.ErrInProgress): // by a process that died, or by another one
		return f, fmt.Errorf("%w: an account is being deleted", erasure.ErrLater)
	case err != nil:
		return f, err
	case r.Outcome == vendors.OK:
		var d deleted
		_ = json.Unmarshal(r.Data, &d) // without it, it is done all the same
		return fateOf(account, users.Account, d.State, nil), nil
	case r.Outcome == vendors.DefiniteNo:
		f.State, f.Reason = fateCannot, r.Text
		return f, nil
	case r.Outcome != vendors.Ambiguous:
		f.State, f.Reason = fateCannot, r.Text
		return f, fmt.Errorf("account %s: the user is not deleted: %s", account, r.Outcome)
	case r.Again > 0:
		return f, fmt.Errorf("%w: whether an account is deleted is not known", erasure.ErrLater)
	}
	return f, nil // given up
}

// deleteAgain is the ledger's recipe for a deletion in doubt: one more does no harm.
func (s *server) deleteAgain(ctx context.Context, app, account string, _ time.Time, payload, _ []byte) (any, error) {
	var d deletion
	if err := json.Unmarshal(payload, &d); err != nil {
		return nil, err
	}
	j, err := erasuresql.New(s.db).Get(ctx, app, d.Job)
	if err != nil {
		return nil, err
	}
	if j.User == "" {
		return nil, errors.New("the erasure went on without it, and whose it was is forgotten")
	}
	state, err := s.people.Delete(ctx, j.User, account)
	return deleted{state}, err
}
