package product

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"switchboard/app/ledger"
	"switchboard/app/users"
	"switchboard/vendors"
)

// writeOf names a write by its operation and by what the ledger keeps of it, so that its
// recipe finds what it asked for.
func writeOf(op string, payload any) string {
	raw, _ := json.Marshal(payload) // of texts and numbers
	return writeNamed(op, raw)
}

func writeNamed(op string, payload []byte) string {
	sum := sha256.Sum256(append([]byte(op+"\n"), payload...))
	return hex.EncodeToString(sum[:])
}

// errNothingTold says that a write's first answer is not known, so that nobody knows
// which of its rows are in doubt.
var errNothingTold = errors.New("product: the rows of the write are not known")

// settled is a write's first answer with those rows that were unknown as again tells
// them: one fate for each, in their order.
func settled(told []byte, again func(unknown []row) ([]row, error)) (any, error) {
	answer := map[string]json.RawMessage{}
	var rows, unknown []row
	if json.Unmarshal(told, &answer) != nil || json.Unmarshal(answer["rows"], &rows) != nil {
		return nil, errNothingTold
	}
	for _, r := range rows {
		if r.State == rowUnknown {
			unknown = append(unknown, r)
		}
	}
	if unknown == nil {
		return nil, errNothingTold
	}
	known, err := again(unknown)
	if err != nil {
		return nil, err
	}
	var set rowSet
	for _, r := range rows {
		var failed error
		switch r.State {
		case rowUnknown:
			r, known = known[0], known[1:]
		case rowRefused:
			failed = errPartly
		}
		set.add(r, failed)
	}
	_, err = set.result()
	answer["rows"], _ = json.Marshal(set.rows) // of texts and numbers
	return answer, err
}

// hasRows reports whether a first answer tells rows.
func hasRows(told []byte) bool {
	var answer struct{ Rows []row }
	return json.Unmarshal(told, &answer) == nil && len(answer.Rows) > 0
}

func idsOf(rows []row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

// userThings are the things of users that a row of each operation is about, by which
// owners.Wishes know them. What is not listed cannot be made again.
var userThings = map[string]func(c userChange, r row) (user, thing string){
	vendors.OpUserProfile: func(_ userChange, r row) (string, string) { return r.ID, users.ThingProfile },
	vendors.OpUserBlock:   func(c userChange, _ row) (string, string) { return c.User, users.ThingBlock },
	vendors.OpUserUnblock: func(c userChange, _ row) (string, string) { return c.User, users.ThingBlock },
	vendors.OpBlacklist:   func(c userChange, r row) (string, string) { return c.User, users.ThingBlacklist(r.ID) },
	vendors.OpRemark:      func(c userChange, r row) (string, string) { return c.User, users.ThingRemark(r.ID) },
	vendors.OpNoticeSet:   func(c userChange, r row) (string, string) { return c.User, users.ThingNotice(c.Kind, r.ID) },
	vendors.OpTokenRevoke: func(c userChange, r row) (string, string) {
		if r.ID != users.Credentials {
			return c.User, r.ID // who came back since would be put out too: nothing stands for it
		}
		return c.User, users.ThingCredentials
	},
}

// SettleUsers are the ledger's recipes for writes about users in doubt, by operation.
func SettleUsers(s *users.Service) map[string]ledger.Recipe {
	out := map[string]ledger.Recipe{}
	for op, thing := range userThings {
		out[op] = func(ctx context.Context, app, _ string, _ time.Time, payload, told []byte) (any, error) {
			var c userChange
			if err := json.Unmarshal(payload, &c); err != nil {
				return nil, err
			}
			return settled(told, func(unknown []row) ([]row, error) {
				doubts := make([]users.Doubt, len(unknown))
				for i, r := range unknown {
					user, about := thing(c, r)
					doubts[i] = users.Doubt{User: user, Thing: about, Account: r.Vendor}
				}
				fates, err := s.Settle(ctx, app, writeNamed(op, payload), doubts)
				return fateRows(fates).rows, err
			})
		}
	}
	return out
}
