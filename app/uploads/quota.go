package uploads

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"switchboard/app/problem"
)

// ErrQuota says that the app has stored as much as it may.
var ErrQuota = problem.New(problem.Exhausted, "this app has stored as many bytes of files as it may")

// File is one file as the index has it.
type File struct {
	Name  string
	App   string
	User  string // who sent it; empty: the app's server, or somebody unknown of an open app
	Bytes int64  // 0: it is not whole yet, or never came to be
	At    time.Time
}

// Index knows whose files there are, and counts what each app stored.
type Index interface {
	// Used is how many bytes the app stored.
	Used(ctx context.Context, app string) (int64, error)
	// Begin notes a file that is about to be stored.
	Begin(ctx context.Context, f File) error
	// Add counts the bytes of a file that is whole; false: it was dropped meanwhile.
	Add(ctx context.Context, f File) (there bool, err error)
	// Drop forgets a file, and its bytes.
	Drop(ctx context.Context, f File) error
	// Before lists the app's files from before t, the oldest first.
	Before(ctx context.Context, app string, t time.Time, limit int) ([]File, error)
	// Of lists a user's files by name, from behind one.
	Of(ctx context.Context, app, user, behind string, limit int) ([]File, error)
	// Oldest is when the app's oldest file was stored; zero: there is none.
	Oldest(ctx context.Context, app string) (time.Time, error)
}

// SaveFor is Save for a user of an app with a quota: ErrQuota. How large a file is shows
// when it is stored, so those under way at once may go beyond the quota, by no more than
// they hold. The index has the file before the place does: none is ever nobody's.
func (s *Store) SaveFor(ctx context.Context, index Index, app, user, original string, file io.Reader) (name string, err error) {
	used, err := index.Used(ctx, app)
	if err != nil {
		return "", err
	}
	if s.cfg.Quota > 0 && used >= s.cfg.Quota {
		return "", ErrQuota
	}
	f := File{App: app, User: user}
	size := &counter{Reader: file}
	_, err = s.save(ctx, original, size, func(name string) error { f.Name = name; return index.Begin(ctx, f) })
	if err != nil {
		if f.Name != "" {
			err = errors.Join(err, index.Drop(context.WithoutCancel(ctx), f))
		}
		return "", err
	}
	f.Bytes = size.bytes
	there, err := index.Add(ctx, f)
	if err != nil {
		return "", fmt.Errorf("uploads: counting: %w", err)
	}
	if !there { // its user was erased while it came in
		return "", errors.Join(ErrNotFound, s.place.remove(context.WithoutCancel(ctx), f.Name))
	}
	return f.Name, nil
}

// Delete removes a file, then what the index has of it: a crash in between leaves a row,
// and the same call again ends it.
func (s *Store) Delete(ctx context.Context, index Index, f File) error {
	if err := s.place.remove(ctx, f.Name); err != nil {
		return fmt.Errorf("uploads: removing: %w", err)
	}
	return index.Drop(ctx, f)
}

// Sweep removes at most limit files of the app from before t, the oldest first, and
// returns how many it removed.
func (s *Store) Sweep(ctx context.Context, index Index, app string, t time.Time, limit int) (n int, err error) {
	old, err := index.Before(ctx, app, t, limit)
	for _, f := range old {
		if err == nil {
			err = s.Delete(ctx, index, f)
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// counter counts what is read.
type counter struct {
	io.Reader
	bytes int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += int64(n)
	return n, err
}
