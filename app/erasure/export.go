package erasure

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Section is one sort of what is kept of a user, written one entry after the other: no more
// than a page of it is in memory.
type Section struct {
	Name  string
	Write func(ctx context.Context, app, user string, emit func(entry any) error) error
}

// line is one line of an export.
type line struct {
	Section string `json:"section"`
	Data    any    `json:"data"`
}

// Export writes what is kept of a user as JSON Lines: entries by section, and at the end
// how many there were of each. A line of the section "end" says that it is whole. The
// audit has who asked before anything is written.
func (s *Service) Export(ctx context.Context, r Request, sections []Section, w io.Writer) error {
	j := Job{
		ID: strings.ToLower(rand.Text()), App: r.App, User: r.User, State: Exported, By: r.By, Reason: r.Reason, Request: r.RequestID,
		Counts: map[string]int{}, Ended: time.Now().UTC(),
	}
	if _, err := s.deps.Store.Add(ctx, j, ""); err != nil {
		return err
	}
	s.deps.Log.Info("export asked for", "export", j.ID, "app", j.App, "by", j.By, "request_id", r.RequestID)
	out := json.NewEncoder(w)
	for _, sec := range sections {
		if err := sec.Write(ctx, r.App, r.User, func(entry any) error {
			j.Counts[sec.Name]++
			return out.Encode(line{sec.Name, entry})
		}); err != nil {
			return fmt.Errorf("export: %s: %w", sec.Name, err)
		}
	}
	return out.Encode(line{"end", j.Counts})
}
