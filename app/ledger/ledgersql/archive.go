package ledgersql

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"switchboard/app/ledger"
	"switchboard/app/sqldb"
)

const archivedSize = 512 // bytes that one mostly takes

// archivedDoc is an entry that ended without a key. A row holds many: a row for
// each would cost more than the rest of the request.
type archivedDoc struct {
	App     string `json:"app"`
	Op      string `json:"op"`
	Request string `json:"request"`
	State   string `json:"state"`
	Created int64  `json:"created"`
	entryDoc
}

func (d archivedDoc) entry(archived int64) ledger.Entry {
	e := ledger.Entry{
		App: d.App, Op: d.Op, Key: d.ID, RequestID: d.Request, State: ledger.State(d.State),
		Created: time.UnixMicro(d.Created).UTC(), Updated: time.UnixMicro(archived).UTC(),
	}
	d.fill(&e)
	return e
}

// Add keeps entries that have ended under the first one's id: added again, they
// are there once.
func (s *Store) Add(ctx context.Context, ended []ledger.Entry, keep time.Duration) error {
	docs, err := archiveDocs(ended)
	if err != nil {
		return err
	}
	requests := make([]string, len(ended))
	for i, e := range ended {
		requests[i] = e.RequestID
	}
	slices.Sort(requests)
	var found [][]any
	archive := any(ended[0].ID)
	for _, r := range slices.Compact(requests) {
		found = append(found, []any{r, archive})
	}
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		row := []any{ended[0].ID, now.UnixMicro(), now.Add(keep).UnixMicro(), docs}
		n, err := tx.Exec(tx.Dialect().InsertIgnore("ledger_archive", 1, "id", "archived_us", "due_us", "docs"), row...)
		if err != nil || n == 0 {
			return err
		}
		_, err = sqldb.InsertMany(tx, tx.Dialect().Insert, "ledger_requests", []string{"request_id", "archive"}, found)
		return err
	})
}

// archiveDocs is the JSON list that scanDocs reads. It is written one by one: the
// documents of a whole batch would be the most memory that a write takes.
func archiveDocs(ended []ledger.Entry) ([]byte, error) {
	var list bytes.Buffer
	list.Grow(archivedSize * len(ended))
	encoder := json.NewEncoder(&list)
	var d archivedDoc
	for i, e := range ended {
		list.WriteByte("[,"[min(i, 1)])
		d = archivedDoc{e.App, e.Op, e.RequestID, string(e.State), e.Created.UnixMicro(), docOf(e, d.Steps)}
		if err := encoder.Encode(&d); err != nil {
			return nil, fmt.Errorf("ledgersql: %w", err)
		}
	}
	list.WriteByte(']')
	return list.Bytes(), nil
}

// ByRequest returns the writes of one request, the oldest first.
func (s *Store) ByRequest(ctx context.Context, requestID string) ([]ledger.Entry, error) {
	kept, err := s.list(ctx, "WHERE request_id = ? ORDER BY created_us LIMIT 100", requestID)
	if err != nil {
		return nil, err
	}
	archived, err := s.archived(ctx, requestID)
	kept = append(kept, archived...)
	slices.SortStableFunc(kept, func(a, b ledger.Entry) int { return a.Created.Compare(b.Created) })
	return kept, err
}

func (s *Store) archived(ctx context.Context, requestID string) ([]ledger.Entry, error) {
	rows, err := s.db.Query(ctx, "SELECT a.archived_us, a.docs FROM ledger_requests r JOIN ledger_archive a ON a.id = r.archive WHERE r.request_id = ? ORDER BY a.id LIMIT 100", requestID)
	if err != nil {
		return nil, err
	}
	found, err := sqldb.Collect(rows, func(row sqldb.Scanner) (entries []ledger.Entry, err error) {
		var archived int64
		docs, err := scanDocs(row, &archived)
		for _, d := range docs {
			if d.Request == requestID {
				entries = append(entries, d.entry(archived))
			}
		}
		return entries, err
	})
	return slices.Concat(found...), err
}

// scanDocs reads a row's first column and the documents in its second.
func scanDocs(row sqldb.Scanner, first any) (docs []archivedDoc, err error) {
	var raw []byte
	if err := row.Scan(first, &raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &docs); err != nil {
		return nil, fmt.Errorf("ledgersql: an archive is not readable: %w", err)
	}
	return docs, nil
}

// A portion of what is forgotten holds the store for a short time.
const (
	pruneEntries  = 200
	pruneArchives = 1 // of up to a thousand entries
)

// Prune deletes a portion of the entries that have ended and whose time has come,
// and tells whether there may be more: their keys are free again.
func (s *Store) Prune(ctx context.Context) (more bool, err error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return false, err
	}
	old, err := s.list(ctx, "WHERE due_us <= ? AND state NOT IN (?, ?) ORDER BY due_us LIMIT ?", now.UnixMicro(), string(ledger.Open), string(ledger.Doubt), pruneEntries)
	if err != nil {
		return false, err
	}
	archives, err := s.pruneArchive(ctx, now)
	if more = archives == pruneArchives || len(old) == pruneEntries; err != nil || len(old) == 0 {
		return more, err
	}
	return more, s.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, e := range old {
			if _, err := tx.Exec("DELETE FROM ledger WHERE app = ? AND op = ? AND idem_key = ? AND version = ?", e.App, e.Op, e.Key, e.Version); err != nil {
				return err
			}
		}
		return nil
	})
}

// pruneArchive deletes rows whose time has come, with what finds them.
func (s *Store) pruneArchive(ctx context.Context, now time.Time) (n int, err error) {
	rows, err := s.db.Query(ctx, "SELECT id, docs FROM ledger_archive WHERE due_us <= ? ORDER BY due_us LIMIT ?", now.UnixMicro(), pruneArchives)
	if err != nil {
		return 0, err
	}
	type archive struct {
		id   string
		docs []archivedDoc
	}
	old, err := sqldb.Collect(rows, func(row sqldb.Scanner) (a archive, err error) {
		a.docs, err = scanDocs(row, &a.id)
		return a, err
	})
	if err != nil || len(old) == 0 {
		return 0, err
	}
	return len(old), s.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, a := range old {
			for _, d := range a.docs {
				if _, err := tx.Exec("DELETE FROM ledger_requests WHERE request_id = ? AND archive = ?", d.Request, a.id); err != nil {
					return err
				}
			}
			if _, err := tx.Exec("DELETE FROM ledger_archive WHERE id = ?", a.id); err != nil {
				return err
			}
		}
		return nil
	})
}
