package product

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"switchboard/app/messages"
	"switchboard/app/problem"
	"switchboard/handlers"
	"switchboard/vendors"
)

// What became of one target of a write that names many
// (docs/product-api.md#rows).
const (
	rowAccepted = "accepted" // the vendor took it
	rowAlready  = "already"  // it was so before
	rowPending  = "pending"  // somebody's consent is missing
	rowRefused  = "refused"  // nothing was done for this one; reason says why
	rowUnknown  = "unknown"  // it may have been done; reason says why
)

// row is one target, member or account in an answer. Vendor is the account that took
// it, MessageID our id of a message that can be named later.
type row struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	Vendor    string `json:"vendor,omitempty"`
	MessageID string `json:"message_id,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Until     *int64 `json:"until,omitempty"` // Unix seconds: when what was asked for ends by itself
	// Emulated: the vendor knows no time, and is told at the end of it.
	Emulated bool `json:"emulated,omitempty"`
}

// rowOf is what err, nil for none, says became of id at the account vendor.
func rowOf(id, vendor string, err error) row {
	out := row{ID: id, State: rowAccepted, Vendor: vendor}
	if err == nil {
		return out
	}
	out.State, out.Reason = rowRefused, handlers.Find(err).Text
	if vendors.OutcomeOf(err) == vendors.Ambiguous {
		out.State = rowUnknown
	}
	return out
}

// vendorOf is the account that an error names; empty: none.
func vendorOf(err error) string {
	var e *vendors.Error
	if errors.As(err, &e) {
		return e.Vendor
	}
	return ""
}

// sentRows are the fates of a send's targets; nil when nothing was tried.
func sentRows(ids messages.IDs, app string, kind vendors.TargetKind, from string, r vendors.Receipt) any {
	rows := make([]row, len(r.Targets))
	for i, t := range r.Targets {
		rows[i] = rowOf(t.Target, cmp.Or(t.Vendor, vendorOf(t.Err)), t.Err)
		if t.Err == nil {
			rows[i].MessageID = ids.Seal(app, messages.Ref{Account: t.Vendor, Kind: kind, From: from, Target: t.Target, ID: t.MessageID, Seq: t.Seq, SentAt: t.At})
		}
	}
	return rowsData(rows)
}

// errShared is the refusal of what would reach the users of other apps.
var errShared = problem.New(problem.Forbidden, "the vendor's account is shared with other apps, whose users this would reach")

// shares reports whether a routed account with the ability also serves another app.
func shares(r *vendors.Router, app string, c vendors.Capability, ability string) bool {
	return slices.ContainsFunc(r.RouteFor(app, c), func(v *vendors.Vendor) bool { return v.HasAbility(ability) && !r.Alone(app, v.Name) })
}

// errPartly says that some rows of a write are refused or unknown and others are not.
var errPartly = problem.New(problem.Refused, "some were not done")

// rowSet collects the rows of a write and tells how the whole of it ended.
type rowSet struct {
	rows   []row
	failed int
	worst  error // one in doubt before any other, the first of its sort
}

// add takes a row, and the error that made it refused or unknown.
func (s *rowSet) add(r row, err error) {
	s.rows = append(s.rows, r)
	if err == nil {
		return
	}
	s.failed++
	if s.worst == nil || vendors.OutcomeOf(s.worst) != vendors.Ambiguous && vendors.OutcomeOf(err) == vendors.Ambiguous {
		s.worst = err
	}
}

// result is what a ledger.Run returns: the rows, and an error that is errPartly when
// only some failed, and the worst row's own when all of them did.
func (s *rowSet) result() (any, error) {
	switch {
	case s.failed == 0:
		return rowsData(s.rows), nil
	case s.failed == len(s.rows):
		return rowsData(s.rows), s.worst
	}
	return rowsData(s.rows), &partly{s.failed, len(s.rows), s.worst}
}

// rowsData is the data of an answer with rows; nil when there are none.
func rowsData(rows []row) any {
	if len(rows) == 0 {
		return nil
	}
	return struct {
		Rows []row `json:"rows"`
	}{rows}
}

// partly is an errPartly. It unwraps to the failure that says most about what may have
// been done, and shows none of it.
type partly struct {
	failed, all int
	worst       error
}

func (e *partly) Error() string { return fmt.Sprintf("%v: %d of %d", errPartly, e.failed, e.all) }

// Outcome tells the ledger that the write was made: some rows were done.
func (e *partly) Outcome() vendors.Outcome { return vendors.OK }

func (e *partly) Unwrap() []error { return []error{errPartly, e.worst} }
