package ledgersql

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"switchboard/app/ledger"
	"switchboard/app/sqldb"
)

const (
	eraseEntries  = 100 // looked at by one step
	eraseArchives = 2   // of up to a thousand entries each
)

// EraseUser takes a step through the app's entries: in those that tell of user, pseudonym
// takes the id's place, and a payload goes. That a write was made, when, and what it
// moved stays. Waits says that one about the user has not ended yet. Cursor is empty at
// first, next at the end.
func (s *Store) EraseUser(ctx context.Context, app, user, pseudonym, cursor string) (next string, n int, waits bool, err error) {
	who := named{user, pseudonym, wordOf(user)}
	if at, found := strings.CutPrefix(cursor, archiveCursor); found {
		at, n, err = s.eraseArchived(ctx, app, who, at)
		if at != "" {
			next = archiveCursor + at
		}
		return next, n, false, err
	}
	op, key, _ := strings.Cut(cursor, "\n")
	entries, err := s.list(ctx, "WHERE app = ? AND op = ? AND idem_key > ? ORDER BY idem_key LIMIT ?", app, op, key, eraseEntries)
	if err != nil {
		return "", 0, false, err
	}
	for _, e := range entries {
		changed, about := who.entry(&e)
		switch {
		case !about:
			continue
		case e.State == ledger.Open || e.State == ledger.Doubt:
			waits = true
			continue
		case !changed:
			continue
		}
		saved, err := s.rewrite(ctx, e)
		if err != nil {
			return "", n, waits, err
		}
		n++
		waits = waits || !saved // it was changed meanwhile: it is looked at again
	}
	if len(entries) == eraseEntries {
		return op + "\n" + entries[eraseEntries-1].Key, n, waits, nil
	}
	switch err := s.db.QueryRow(ctx, "SELECT op FROM ledger WHERE app = ? AND op > ? ORDER BY op LIMIT 1", app, op).Scan(&op); {
	case errors.Is(err, sql.ErrNoRows):
		return archiveCursor + "-", n, waits, nil
	case err != nil:
		return "", n, waits, err
	}
	return op + "\n", n, waits, nil
}

// archiveCursor begins the cursors of the archive, which is walked after the entries.
const archiveCursor = "archive\n"

// rewrite keeps an entry's document, and all else as it is; false: it was changed.
func (s *Store) rewrite(ctx context.Context, e ledger.Entry) (saved bool, err error) {
	doc, err := ledgerDoc(e)
	if err != nil {
		return false, err
	}
	err = s.db.WriteKeyed(ctx, e.App+e.Op+e.Key, func(tx *sqldb.Tx) error {
		n, err := tx.Exec("UPDATE ledger SET version = version + 1, doc = ? WHERE app = ? AND op = ? AND idem_key = ? AND version = ?", doc, e.App, e.Op, e.Key, e.Version)
		saved = n == 1
		return err
	})
	return saved, err
}

// named is a user, and what takes the id's place.
type named struct {
	user, pseudonym string
	word            *regexp.Regexp // the id where it is no part of another word
}

// entry renames the user in e, and says whether that changed anything, and whether e tells
// of them.
func (w named) entry(e *ledger.Entry) (changed, about bool) {
	if w.in(e.Payload) {
		about = true
		if e.State != ledger.Open && e.State != ledger.Doubt {
			e.Payload, e.Digest, changed = nil, nil, true // of a key that comes again it is said that it was used
		}
	}
	if w.in(e.Result.Data) {
		e.Result.Data, about, changed = w.rename(e.Result.Data), true, true
	}
	for _, text := range w.texts(e) {
		if w.word.MatchString(*text) {
			*text, about, changed = w.word.ReplaceAllString(*text, "${1}"+w.pseudonym+"${2}"), true, true
		}
	}
	return changed, about
}

func (w named) texts(e *ledger.Entry) []*string {
	out := []*string{&e.Result.Text}
	for i := range e.Steps {
		out = append(out, &e.Steps[i].Note)
	}
	return out
}

// in says whether JSON has the user's id as a value or a name, or within a text.
func (w named) in(raw []byte) bool {
	return len(raw) > 0 && bytes.Contains(raw, []byte(w.user)) && w.word.Match(raw)
}

// rename puts the pseudonym in the id's place. What is no JSON afterwards, since the id was
// a number there, is dropped as a whole.
func (w named) rename(raw []byte) []byte {
	out := w.word.ReplaceAll(raw, []byte("${1}"+w.pseudonym+"${2}"))
	out = w.word.ReplaceAll(out, []byte("${1}"+w.pseudonym+"${2}")) // two that share a sign between them
	if !json.Valid(out) {
		return nil
	}
	return out
}

// eraseArchived takes a step through the archive, whose rows hold entries of all apps.
func (s *Store) eraseArchived(ctx context.Context, app string, who named, cursor string) (next string, n int, err error) {
	rows, err := s.db.Query(ctx, "SELECT id, docs FROM ledger_archive WHERE id > ? ORDER BY id LIMIT ?", strings.TrimPrefix(cursor, "-"), eraseArchives)
	if err != nil {
		return "", 0, err
	}
	type archive struct {
		id   string
		docs []archivedDoc
	}
	found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (a archive, err error) {
		a.docs, err = scanDocs(row, &a.id)
		return a, err
	})
	if err != nil {
		return "", 0, err
	}
	for _, a := range found {
		changed := 0
		for i := range a.docs {
			if d := &a.docs[i]; d.App == app && who.archived(d) {
				changed++
			}
		}
		if changed == 0 {
			continue
		}
		docs, err := json.Marshal(a.docs)
		if err != nil {
			return "", n, fmt.Errorf("ledgersql: %w", err)
		}
		if err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec("UPDATE ledger_archive SET docs = ? WHERE id = ?", docs, a.id)
			return err
		}); err != nil {
			return "", n, err
		}
		n += changed
	}
	if len(found) == eraseArchives {
		next = found[len(found)-1].id
	}
	return next, n, nil
}

// archived renames the user in what an archived entry tells.
func (w named) archived(d *archivedDoc) (changed bool) {
	texts := []*string{&d.Text}
	for i := range d.Steps {
		texts = append(texts, &d.Steps[i].Note)
	}
	for _, text := range texts {
		if w.word.MatchString(*text) {
			*text, changed = w.word.ReplaceAllString(*text, "${1}"+w.pseudonym+"${2}"), true
		}
	}
	return changed
}

// About gives emit the app's entries that tell of user, also by their keys, in the order of
// those.
func (s *Store) About(ctx context.Context, app, user string, emit func(ledger.Entry) error) error {
	who := named{user: user, word: wordOf(user)}
	for op, key := "", ""; ; {
		entries, err := s.list(ctx, "WHERE app = ? AND op = ? AND idem_key > ? ORDER BY idem_key LIMIT ?", app, op, key, eraseEntries)
		if err != nil {
			return err
		}
		for _, e := range entries {
			key = e.Key
			if _, about := who.entry(&e); !about && !who.word.MatchString(e.Key) {
				continue
			}
			if err := emit(e); err != nil {
				return err
			}
		}
		if len(entries) == eraseEntries {
			continue
		}
		key = ""
		switch err := s.db.QueryRow(ctx, "SELECT op FROM ledger WHERE app = ? AND op > ? ORDER BY op LIMIT 1", app, op).Scan(&op); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
	}
}

// wordOf finds an id where it is no part of another word.
func wordOf(user string) *regexp.Regexp {
	return regexp.MustCompile(`(^|[^0-9A-Za-z_.-])` + regexp.QuoteMeta(user) + `($|[^0-9A-Za-z_.-])`)
}
