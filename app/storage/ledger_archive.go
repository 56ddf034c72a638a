package storage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"switchboard/app/ledger"
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
func (s *Ledger) Add(ctx context.Context, ended []ledger.Entry, keep time.Duration) error {
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
	return s.db.Write(ctx, func(tx *Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		row := []any{ended[0].ID, now.UnixMicro(), now.Add(keep).UnixMicro(), docs}
		n, err := tx.Exec(tx.Dialect().InsertIgnore("ledger_archive", 1, "id", "archived_us", "due_us", "docs"), row...)
		if err != nil || n == 0 {
			return err
		}
		return insertMany(tx, tx.Dialect().Insert, "ledger_requests", []string{"request_id", "archive"}, found)
	})
}

// archiveDocs is the JSON list that readDocs reads. It is written one by one: the
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
			return nil, fmt.Errorf("storage: ledger: %w", err)
		}
	}
	list.WriteByte(']')
	return list.Bytes(), nil
}

func (s *Ledger) archived(ctx context.Context, requestID string) (out []ledger.Entry, err error) {
	rows, err := s.db.Query(ctx, "SELECT a.archived_us, a.docs FROM ledger_requests r JOIN ledger_archive a ON a.id = r.archive WHERE r.request_id = ? ORDER BY a.id LIMIT 100", requestID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var archived int64
		var raw []byte
		if err := rows.Scan(&archived, &raw); err != nil {
			return nil, err
		}
		docs, err := readDocs(raw)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if d.Request == requestID {
				out = append(out, d.entry(archived))
			}
		}
	}
	return out, wrap(rows.Err())
}

func readDocs(raw []byte) (docs []archivedDoc, err error) {
	if err := json.Unmarshal(raw, &docs); err != nil {
		return nil, fmt.Errorf("storage: ledger: an archive is not readable: %w", err)
	}
	return docs, nil
}

// pruneArchive deletes rows whose time has come, with what finds them.
func (s *Ledger) pruneArchive(ctx context.Context, now time.Time) (n int, err error) {
	rows, err := s.db.Query(ctx, "SELECT id, docs FROM ledger_archive WHERE due_us <= ? ORDER BY due_us LIMIT ?", now.UnixMicro(), pruneArchives)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	old := map[string][]archivedDoc{}
	for rows.Next() {
		var id string
		var raw []byte
		if err := rows.Scan(&id, &raw); err != nil {
			return 0, err
		}
		if old[id], err = readDocs(raw); err != nil {
			return 0, err
		}
	}
	if err := rows.Err(); err != nil || len(old) == 0 {
		return 0, wrap(err)
	}
	return len(old), s.db.Write(ctx, func(tx *Tx) error {
		for id, docs := range old {
			for _, d := range docs {
				if _, err := tx.Exec("DELETE FROM ledger_requests WHERE request_id = ? AND archive = ?", d.Request, id); err != nil {
					return err
				}
			}
			if _, err := tx.Exec("DELETE FROM ledger_archive WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}
