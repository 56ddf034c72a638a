package uploads

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	unfinished = ".unfinished-" // begins the names of files that are being written
	abandoned  = time.Hour      // age of an unfinished file that nobody writes any more
)

// folder keeps files in a directory of this machine.
type folder string

// openFolder makes dir where it is missing and clears what a crash left unfinished.
func openFolder(dir string) (folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	left, err := filepath.Glob(filepath.Join(dir, unfinished+"*"))
	if err != nil {
		return "", err
	}
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(path) // another process may have been first
		}
	}
	return folder(dir), nil
}

// put writes to a file of another name and renames it when its bytes are on disk.
func (f folder) put(ctx context.Context, name string, file io.Reader) (err error) {
	w, err := os.CreateTemp(string(f), unfinished+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = w.Close() // closed twice at worst
			_ = os.Remove(w.Name())
		}
	}()
	if _, err := io.Copy(w, file); err != nil {
		return err
	}
	if err := errors.Join(w.Sync(), w.Close(), ctx.Err()); err != nil {
		return err
	}
	if err := os.Rename(w.Name(), filepath.Join(string(f), name)); err != nil {
		return err
	}
	return f.sync()
}

// sync makes a rename in the folder last.
func (f folder) sync() error {
	dir, err := os.Open(string(f))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f folder) get(_ context.Context, name string) (io.ReadCloser, int64, error) {
	file, err := os.Open(filepath.Join(string(f), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, ErrNotFound
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

func (folder) close() error { return nil }
