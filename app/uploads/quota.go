package uploads

import (
	"context"
	"fmt"
	"io"

	"switchboard/app/problem"
)

// ErrQuota says that the app has stored as much as it may.
var ErrQuota = problem.New(problem.Exhausted, "this app has stored as many bytes of files as it may")

// Usage counts what each app stored.
type Usage interface {
	// Used is how many bytes that are.
	Used(ctx context.Context, app string) (int64, error)
	// Add counts the bytes of one more file.
	Add(ctx context.Context, app string, bytes int64) error
}

// SaveFor is Save for an app with a quota: ErrQuota. How large a file is shows when it is
// stored, so those under way at once may go beyond the quota, by no more than they hold.
func (s *Store) SaveFor(ctx context.Context, usage Usage, app, original string, file io.Reader) (name string, err error) {
	used, err := usage.Used(ctx, app)
	if err != nil {
		return "", err
	}
	if s.cfg.Quota > 0 && used >= s.cfg.Quota {
		return "", ErrQuota
	}
	size := &counter{Reader: file}
	if name, err = s.Save(ctx, original, size); err != nil {
		return "", err
	}
	if err := usage.Add(ctx, app, size.bytes); err != nil {
		return "", fmt.Errorf("uploads: counting: %w", err)
	}
	return name, nil
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
