package ledger

import (
	"context"
	"time"

	"switchboard/vendors"
)

// known reports whether somebody can be asked what became of e.
func (l *Ledger) known(e Entry) bool {
	return e.Vendor != "" && l.deps.Recipes[e.Op] != nil && (l.deps.Tells == nil || l.deps.Tells(e.Op, e.Vendor))
}

// askable reports whether a repeat of e's request may ask the vendor once more.
func (l *Ledger) askable(e Entry) bool {
	return l.known(e) && e.Payload != nil && time.Since(e.Created) < l.cfg.AskAgain
}

// askAgain asks the vendor, for a repeat, what became of an entry that was given up.
// When the vendor does not know, the entry is in doubt until the sweep gives it up
// anew, so that its vendor is asked at most once in Config.FirstCheck however often
// the request comes; of two repeats at once one asks.
func (l *Ledger) askAgain(ctx context.Context, e Entry) (Entry, error) {
	e.State = Doubt
	e.Checks++
	ok, err := l.save(ctx, e, checkLease)
	if err != nil || !ok {
		return e, err
	}
	e.Version++
	l.ask(ctx, &e)
	kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease/4)
	defer cancel()
	if _, err := l.save(kept, e, l.cfg.FirstCheck); err != nil {
		return e, unwritten(e, err) // the recipe may have made the write
	}
	return e, nil
}

// told is what a repeat of e's request is answered. Where somebody can be asked, it
// says whether that goes on; elsewhere, and where the first answer says what is known and
// what is not, that one stands.
func (l *Ledger) told(e Entry) Result {
	r := e.Result
	if !l.known(e) || e.State != Doubt && e.State != Unknown {
		return r
	}
	why := ErrGivenUp
	if e.State == Doubt {
		why, r.Again = ErrLooking, l.wait(e.Checks)
		if time.Since(e.Created) > l.cfg.GiveUp { // it was asked for a repeat, or is given up now
			r.Again = l.cfg.FirstCheck
		}
	}
	if r.Outcome == vendors.Partial {
		return r
	}
	r.Code, r.Text, _ = l.deps.Describe(why)
	if !r.Answered() { // the process died that made it
		r.At = time.Now().UTC().Truncate(time.Second)
	}
	return r
}
