package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"switchboard/app/sqldb"
)

// Restore puts the backup at from into the data directory dir, which must hold neither
// a store nor uploads: ErrOccupied. All is read and checked before anything is put in
// its place: ErrForeign, sqldb.ErrDamaged, sqldb.ErrNewerSchema. An error leaves dir as
// it was.
func Restore(ctx context.Context, from, dir string) (n Counts, err error) {
	in, err := os.Open(from)
	if err != nil {
		return Counts{}, err
	}
	defer in.Close()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Counts{}, err
	}
	if err := free(dir); err != nil {
		return Counts{}, err
	}
	unpacked, err := os.MkdirTemp(dir, "restore-")
	if err != nil {
		return Counts{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unpacked)) }()
	if n, err = unpack(ctx, in, unpacked); err != nil {
		return Counts{}, err
	}
	if err := sqldb.CheckSnapshot(ctx, filepath.Join(unpacked, sqldb.SQLiteFile)); errors.Is(err, fs.ErrNotExist) {
		return Counts{}, fmt.Errorf("%w: it holds no store", ErrForeign)
	} else if err != nil {
		return Counts{}, err
	}
	if err := free(dir); err != nil { // a process may have begun
		return Counts{}, err
	}
	return n, put(unpacked, dir)
}

// free is ErrOccupied for a directory in which there is something to lose.
func free(dir string) error {
	for _, name := range []string{sqldb.SQLiteFile, sqldb.SQLiteFile + "-wal"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%w: %s", ErrOccupied, filepath.Join(dir, name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, Uploads))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(files) > 0 {
		return fmt.Errorf("%w: %s", ErrOccupied, filepath.Join(dir, Uploads))
	}
	return nil
}

// unpack writes what the tar holds under dir, and nothing elsewhere.
func unpack(ctx context.Context, in io.Reader, dir string) (n Counts, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Counts{}, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.Mkdir(Uploads, 0o700); err != nil {
		return Counts{}, err
	}
	r := tar.NewReader(in)
	for {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return Counts{}, fmt.Errorf("%w: %v", ErrForeign, err)
		}
		upload := strings.HasPrefix(head.Name, Uploads+"/")
		if head.Typeflag != tar.TypeReg || !filepath.IsLocal(head.Name) || head.Name != sqldb.SQLiteFile && !upload {
			return Counts{}, fmt.Errorf("%w: it holds %q", ErrForeign, head.Name)
		}
		if upload {
			n.Files++
		}
		n.Bytes += head.Size
		if err := write(ctx, root, head, r); err != nil {
			return Counts{}, err
		}
	}
}

func write(ctx context.Context, root *os.Root, head *tar.Header, content io.Reader) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := root.MkdirAll(filepath.Dir(head.Name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(head.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, content); err != nil {
		return fmt.Errorf("%w: %s: %v", ErrForeign, head.Name, err)
	}
	return f.Sync()
}

// put moves what was unpacked into its place, the store last: a process that starts
// meanwhile finds no store with half of its uploads.
func put(unpacked, dir string) error {
	uploads := filepath.Join(dir, Uploads)
	if err := os.Remove(uploads); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return err
	}
	if err := os.Rename(filepath.Join(unpacked, Uploads), uploads); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(unpacked, sqldb.SQLiteFile), filepath.Join(dir, sqldb.SQLiteFile)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
