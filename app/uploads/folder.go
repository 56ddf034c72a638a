package uploads

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// nameEnding is what the files end in that hold original names.
const nameEnding = ".name"

// put writes to a file of another name and renames it when its bytes are on disk. The
// original name lies beside it, before it.
func (f folder) put(ctx context.Context, name, original string, file io.Reader) (err error) {
	whole, err := f.write(file)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(whole)
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	path := filepath.Join(string(f), name)
	if original != "" {
		beside, err := f.write(strings.NewReader(original))
		if err != nil {
			return err
		}
		if err := os.Rename(beside, path+nameEnding); err != nil {
			return errors.Join(err, os.Remove(beside))
		}
	}
	if err := os.Rename(whole, path); err != nil {
		return err
	}
	return f.sync()
}

// write makes an unfinished file whose bytes are on disk, or nothing.
func (f folder) write(content io.Reader) (path string, err error) {
	w, err := os.CreateTemp(string(f), unfinished+"*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(w, content)
	if err == nil {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err != nil {
		_ = os.Remove(w.Name())
		return "", err
	}
	return w.Name(), nil
}

// sync makes a rename in the folder last.
func (f folder) sync() error {
	dir, err := os.Open(string(f))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f folder) stat(_ context.Context, name string) (stored, error) {
	path := filepath.Join(string(f), name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return stored{}, ErrNotFound
	}
	if err != nil {
		return stored{}, err
	}
	original, err := os.ReadFile(path + nameEnding)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return stored{}, err
	}
	return stored{info.Size(), string(original)}, nil
}

func (f folder) get(ctx context.Context, name string, p *Part) (io.ReadCloser, stored, error) {
	about, err := f.stat(ctx, name)
	if err != nil {
		return nil, stored{}, err
	}
	file, err := os.Open(filepath.Join(string(f), name))
	if err != nil {
		return nil, stored{}, err
	}
	if p == nil {
		return file, about, nil
	}
	return part{io.NewSectionReader(file, p.From, p.Length), file}, about, nil
}

// part reads some bytes of a file and closes it.
type part struct {
	io.Reader
	io.Closer
}

func (f folder) remove(_ context.Context, name string) error {
	path := filepath.Join(string(f), name)
	for _, p := range []string{path, path + nameEnding} {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return f.sync()
}

func (folder) close() error { return nil }
