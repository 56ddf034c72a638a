// Package backup keeps a whole data directory in one file, a tar: the SQLite store as
// it was at one moment, and the uploads. It is taken while the program runs, and put
// back where none does.
package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"switchboard/app/sqldb"
)

// Uploads is the folder of uploads in a data directory.
const Uploads = "uploads"

// Why a backup is not taken or not put back.
var (
	ErrNoStore  = errors.New("there is no store in the data directory")
	ErrOccupied = errors.New("the data directory holds a store or uploads already: move them away first")
	ErrForeign  = errors.New("not a backup of this program")
)

// Counts is what a backup holds.
type Counts struct {
	Files int   // of uploads; an upload may have one more for its name
	Bytes int64 // of the store and the uploads
}

// Take writes a backup of the data directory dir into the new file at to, which its
// owner alone may read. The store comes first: every upload that it knows of is in
// the backup. ErrNoStore, fs.ErrExist.
func Take(ctx context.Context, dir, to string) (n Counts, err error) {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Counts{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	defer func() { err = errors.Join(err, out.Close()) }()
	snapshot := to + ".store"
	if err := sqldb.Snapshot(ctx, dir, snapshot); errors.Is(err, fs.ErrNotExist) {
		return Counts{}, fmt.Errorf("%w: %s", ErrNoStore, dir)
	} else if err != nil {
		return Counts{}, err
	}
	defer func() { err = errors.Join(err, os.Remove(snapshot)) }()
	w := tar.NewWriter(out)
	if err := n.add(w, snapshot, sqldb.SQLiteFile); err != nil {
		return Counts{}, err
	}
	if err := n.addUploads(ctx, w, filepath.Join(dir, Uploads)); err != nil {
		return Counts{}, err
	}
	return n, errors.Join(w.Close(), out.Sync())
}

// addUploads adds what lies in dir, but for files that are still being written, whose
// names begin with a dot.
func (n *Counts) addUploads(ctx context.Context, w *tar.Writer, dir string) error {
	return filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // nobody uploaded anything, or the file was removed just now
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case strings.HasPrefix(entry.Name(), ".") && file != dir, !entry.Type().IsRegular():
			return nil
		}
		under, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		n.Files++
		return n.add(w, file, path.Join(Uploads, filepath.ToSlash(under)))
	})
}

// add puts the file under name into the tar.
func (n *Counts) add(w *tar.Writer, file, name string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return err
	}
	n.Bytes += info.Size()
	_, err = io.Copy(w, in)
	return err
}
