// Package uploads keeps the files that clients send, in a folder or a bucket. A
// file's type is what its content says, never what its name claims.
package uploads

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	_ "gocloud.dev/blob/s3blob"  // s3://
	"gocloud.dev/gcerrors"
)

// Why a file is refused or not found. Test with errors.Is.
var (
	ErrType     = errors.New("this type of file is not allowed")
	ErrTooLarge = errors.New("the file is too large")
	ErrEmpty    = errors.New("the file is empty")
	ErrNotFound = errors.New("no such file")
)

// Config is what an operator may choose.
type Config struct {
	URL      string   `envconfig:"BLOB_URL" desc:"where uploads are kept: s3://bucket?region=..., gs://bucket, azblob://container or file:///folder; empty: uploads in SWITCHBOARD_DATA_DIR"`
	MaxBytes int      `envconfig:"UPLOAD_MAX_BYTES" default:"20971520" desc:"largest upload in bytes"`
	Types    []string `envconfig:"UPLOAD_TYPES" default:"png,jpg,gif,webp,mp3,m4a,mp4,pdf" desc:"types of files that may be uploaded, by content"`
	Public   string   `envconfig:"PUBLIC_URL" desc:"scheme and host in the URLs of uploads; empty: those that the request came to"`
}

// Store keeps files. It is safe for concurrent use.
type Store struct {
	bucket *blob.Bucket
	cfg    Config
}

// Open opens the bucket that cfg names, or folder when it names none. Close it.
// Its error begins with the field's name in the environment.
func Open(ctx context.Context, cfg Config, folder string) (*Store, error) {
	for _, t := range cfg.Types {
		if mimes[t] == "" {
			return nil, fmt.Errorf("UPLOAD_TYPES: type %q is not known; the known are %s", t, strings.Join(known(), ", "))
		}
	}
	if cfg.MaxBytes < 1 {
		return nil, errors.New("UPLOAD_MAX_BYTES: must be more than 0")
	}
	if public, err := url.Parse(cfg.Public); cfg.Public != "" && (err != nil || public.Scheme != "http" && public.Scheme != "https" || public.Host == "") {
		return nil, errors.New("PUBLIC_URL: must be http or https with a host")
	}
	cfg.Public = strings.TrimRight(cfg.Public, "/")
	bucket, err := open(ctx, cfg.URL, folder)
	if err != nil {
		return nil, fmt.Errorf("BLOB_URL: %w", err)
	}
	return &Store{bucket: bucket, cfg: cfg}, nil
}

func open(ctx context.Context, bucket, folder string) (*blob.Bucket, error) {
	if bucket != "" {
		return blob.OpenBucket(ctx, bucket)
	}
	dir, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	// Without its own attribute files: the name tells the type.
	return fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite, NoTempDir: true})
}

// Close ends the use of the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// MaxBytes is the largest file that Save takes.
func (s *Store) MaxBytes() int { return s.cfg.MaxBytes }

// Public is the scheme and host in the URLs of uploads, empty when the request's
// own are to be used.
func (s *Store) Public() string { return s.cfg.Public }

// Save stores a file and returns its name: random, with the ending that its
// content has. ErrType, ErrTooLarge, ErrEmpty.
func (s *Store) Save(ctx context.Context, file io.Reader) (name string, err error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(file, head)
	switch {
	case n == 0:
		return "", ErrEmpty
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return "", fmt.Errorf("uploads: reading: %w", err)
	}
	head = head[:n]
	kind := typeOf(head)
	if kind == "" || !slices.Contains(s.cfg.Types, kind) {
		return "", ErrType
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // documented never to fail
	name = hex.EncodeToString(id[:]) + "." + kind
	return name, s.write(ctx, name, io.MultiReader(bytes.NewReader(head), file))
}

// write stores all of file or nothing.
func (s *Store) write(ctx context.Context, name string, file io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, name, &blob.WriterOptions{ContentType: mimes[ending(name)]})
	if err != nil {
		return fmt.Errorf("uploads: %w", err)
	}
	n, err := io.Copy(w, io.LimitReader(file, int64(s.cfg.MaxBytes)+1))
	if err == nil && n > int64(s.cfg.MaxBytes) {
		err = ErrTooLarge
	}
	if err != nil {
		cancel() // what was written is dropped
		_ = w.Close()
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("uploads: %w", err)
	}
	return nil
}

// File is a stored file. The reader is closed by the caller.
type File struct {
	io.ReadCloser
	Size int64
	MIME string
	// Shown says that a browser may show it in its place; others are downloads.
	Shown bool
}

// Open reads a file by the name that Save gave: ErrNotFound.
func (s *Store) Open(ctx context.Context, name string) (File, error) {
	if !isName(name) {
		return File{}, ErrNotFound
	}
	r, err := s.bucket.NewReader(ctx, name, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return File{}, ErrNotFound
	}
	if err != nil {
		return File{}, fmt.Errorf("uploads: %w", err)
	}
	kind := ending(name)
	return File{ReadCloser: r, Size: r.Size(), MIME: mimes[kind], Shown: kind != "pdf"}, nil
}

func ending(name string) string { return strings.TrimPrefix(filepath.Ext(name), ".") }

// isName says whether Save could have given the name.
func isName(name string) bool {
	id, kind, found := strings.Cut(name, ".")
	raw, err := hex.DecodeString(id)
	return found && err == nil && len(raw) == 16 && strings.ToLower(id) == id && mimes[kind] != ""
}
