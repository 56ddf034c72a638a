package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/erasure"
	"switchboard/app/erasure/erasuresql"
	"switchboard/app/events/eventsql"
	"switchboard/app/owners/ownersql"
	"switchboard/app/pairing/pairingsql"
	"switchboard/app/pairing/ticket"
	"switchboard/app/realtime"
	"switchboard/app/realtime/buslink"
	"switchboard/app/realtime/realtimesql"
	"switchboard/app/rooms/roomsql"
	"switchboard/app/users/usersql"
	"switchboard/vendors"
)

// voidsKept is for how long void tokens are remembered at least: apps may sign tokens of
// their own that live longer than ours.
const voidsKept = 30 * day

// openVoids refuses the tokens that erased users had, before the first token is looked at.
func (s *server) openVoids(ctx context.Context) error {
	s.voids = &erasure.Voids{Store: erasuresql.New(s.db), Secret: s.messageIDs().Secret, Keep: max(voidsKept, s.cfg.TokenTTL+day), Log: s.log}
	if err := s.voids.Load(ctx); err != nil {
		return err
	}
	s.apps.Refuse(s.voids.Refuses)
	s.background("void tokens", s.voids.Run)
	return nil
}

// openErasure takes users' data away who are to be forgotten.
func (s *server) openErasure() {
	s.erasures = erasure.New(erasure.Deps{Store: erasuresql.New(s.db), Parts: s.erasureParts(), Log: s.log})
	s.background("erasure", s.erasures.Run)
}

// erasureParts are the places where users leave data, who can come in first and the user's
// own row last.
func (s *server) erasureParts() []erasure.Part {
	talks, held, rooms, present := conversationsql.New(s.db), ownersql.New(s.db), roomsql.New(s.db), realtimesql.NewPresence(s.db)
	return []erasure.Part{
		{Name: "access", Step: s.shutOut},
		{Name: "vendors", Tell: s.tellVendors},
		{Name: "pairing", Step: erasePairing(pairingsql.New(s.db))},
		{Name: "messages", Step: func(ctx context.Context, who erasure.Subject, cursor string) (string, int, error) {
			return talks.EraseUser(ctx, who.App, who.User, who.Pseudonym, cursor)
		}},
		{Name: "files", Step: s.eraseFiles},
		{Name: "relations", Step: func(ctx context.Context, who erasure.Subject, _ string) (string, int, error) {
			a, err1 := held.EraseUser(ctx, who.App, who.User, who.Pseudonym)
			b, err2 := rooms.EraseUser(ctx, who.App, who.User)
			c, err3 := present.EraseUser(ctx, who.App, who.User)
			d, err4 := usersql.New(s.db).EraseUser(ctx, who.App, who.User)
			return "", a + b + c + d, errors.Join(err1, err2, err3, err4)
		}},
		{Name: "events", Step: func(ctx context.Context, who erasure.Subject, cursor string) (string, int, error) {
			return eventsql.New(s.db).EraseUser(ctx, who.App, vendors.VendorSelf, s.ownAccounts(who.App), who.User, cursor)
		}},
		{Name: "accounts", Tell: s.deleteAccounts},
		{Name: "ledger", Step: func(ctx context.Context, who erasure.Subject, cursor string) (string, int, error) {
			next, n, waits, err := s.ledgerStore.EraseUser(ctx, who.App, who.User, who.Pseudonym, cursor)
			if waits && err == nil {
				err = fmt.Errorf("%w: a write about the user is in doubt", erasure.ErrLater)
			}
			return next, n, err
		}},
		{Name: "user", Step: func(ctx context.Context, who erasure.Subject, _ string) (string, int, error) {
			if time.Since(who.Began) < s.settled() {
				return "", 0, fmt.Errorf("%w: other replicas end the user's sessions", erasure.ErrLater)
			}
			n, err := talks.ForgetUser(ctx, who.App, who.User)
			s.conversations.ForgetAdmitted()
			return "", n, err
		}},
	}
}

// settled is how long the user's row says that they are shut out: until every replica has
// looked, and the second is over in which tokens were still given out.
func (s *server) settled() time.Duration {
	if s.cfg.DatabaseURL == "" {
		return 2 * time.Second
	}
	return max(2*time.Second, 25*s.cfg.Realtime.ReadEvery)
}

// shutOut ends what the user can come in by: as a ban does, and their tokens are void.
func (s *server) shutOut(ctx context.Context, who erasure.Subject, _ string) (string, int, error) {
	server := conversation.Caller{App: who.App, Rules: conversation.Open}
	if _, err := s.conversations.EnsureUser(ctx, server, who.User, nil); err != nil && !errors.Is(err, conversation.ErrBanned) {
		return "", 0, err
	}
	if err := s.conversations.Ban(ctx, server, who.User, true); err != nil {
		return "", 0, err
	}
	if err := s.voids.Add(ctx, who.App, who.User, time.Now()); err != nil {
		return "", 0, err
	}
	buslink.Publisher{Bus: s.bus}.Ended(realtime.User{App: who.App, ID: who.User})
	s.credentials.VoidUser(who.App, who.User)
	if uid, err := ticket.ParseUID(who.User); err == nil { // only numbers are ever matched
		return "", 0, s.pairing.Ban(ctx, who.App, uid)
	}
	return "", 0, nil
}

// erasePairing goes through tickets first: one that runs has to end before the records do.
func erasePairing(store *pairingsql.Store) func(context.Context, erasure.Subject, string) (string, int, error) {
	const records = "records"
	return func(ctx context.Context, who erasure.Subject, cursor string) (string, int, error) {
		uid, err := ticket.ParseUID(who.User)
		if err != nil {
			return "", 0, nil
		}
		if cursor != records {
			next, n, waits, err := store.EraseTickets(ctx, who.App, uid, cursor)
			if waits && err == nil {
				err = fmt.Errorf("%w: a search or a call of the user runs", erasure.ErrLater)
			}
			if next == "" {
				next = records
			}
			return next, n, err
		}
		n, err := store.EraseRecords(ctx, who.App, uid)
		if err != nil || n > 0 {
			return records, n, err
		}
		n, err = store.ErasePerson(ctx, who.App, uid)
		return "", n, err
	}
}

func (s *server) eraseFiles(ctx context.Context, who erasure.Subject, _ string) (next string, n int, err error) {
	const some = 50
	files, err := s.fileIndex.Of(ctx, who.App, who.User, "", some)
	for _, f := range files {
		if err == nil {
			err = s.files.Delete(ctx, s.fileIndex, f)
		}
		if err != nil {
			return "", n, err
		}
		n++
	}
	if n == some {
		next = "more"
	}
	return next, n, err
}

// ownAccounts are the vendor accounts whose users are the app's alone.
func (s *server) ownAccounts(app string) (own []string) {
	for _, account := range s.routes.AccountsFor(app) {
		if s.routes.Alone(app, account) {
			own = append(own, account)
		}
	}
	return own
}
