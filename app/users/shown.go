package users

import (
	"context"
	"time"

	"switchboard/vendors"
)

// Shown is how a vendor account shows a user, as far as it was told by this product: by
// PUT /api/server/users or by a request for a credential.
type Shown struct {
	Account  string
	Name     string // empty: never given
	Portrait string // URL; empty: never given
	At       time.Time
}

// ShownStore remembers it, since vendors do not tell.
type ShownStore interface {
	// Show notes what an account took; an empty name or portrait stays as it was.
	Show(ctx context.Context, app, account string, list []vendors.User) error
	// Shown is how the accounts show a user, the latest first.
	Shown(ctx context.Context, app, user string) ([]Shown, error)
}

// Shown is how vendor accounts show a user, the account that was told last first.
func (s *Service) Shown(ctx context.Context, app, user string) ([]Shown, error) {
	return s.shown.Shown(ctx, app, user)
}

// show notes which users of list are shown as asked, by their fates.
func (s *Service) show(ctx context.Context, app, account string, list []vendors.User, fates []Fate) error {
	var taken []vendors.User
	for i, f := range fates {
		if f.Err == nil && (list[i].Name != "" || list[i].Portrait != "") {
			taken = append(taken, list[i])
		}
	}
	if taken == nil {
		return nil
	}
	ctx, cancel := recorded(ctx)
	defer cancel()
	if err := s.shown.Show(ctx, app, account, taken); err != nil {
		return unrecorded(account, vendors.OpUserProfile, err)
	}
	return nil
}
