// Package uploads keeps the files that clients send, in a folder or in a bucket of
// an S3-compatible server. A file's type is what its content says, never what its
// name claims.
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
	"path/filepath"
	"slices"
	"strings"

	"switchboard/app/problem"
)

// Why a file is refused or not found. Test with errors.Is.
var (
	ErrType     = problem.New(problem.Invalid, "this type of file is not allowed")
	ErrTooLarge = problem.New(problem.TooLarge, "the file is too large")
	ErrEmpty    = problem.New(problem.Invalid, "the file is empty")
	ErrNotFound = problem.New(problem.NotFound, "no such file")
)

// Config is what an operator may choose.
type Config struct {
	URL      string   `envconfig:"BLOB_URL" desc:"where uploads are kept: s3://bucket?region=...&endpoint=... (any S3-compatible server; credentials from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) or file:///folder; empty: uploads in SWITCHBOARD_DATA_DIR"`
	MaxBytes int      `envconfig:"UPLOAD_MAX_BYTES" default:"20971520" desc:"largest upload in bytes"`
	Types    []string `envconfig:"UPLOAD_TYPES" default:"png,jpg,gif,webp,mp3,m4a,mp4,pdf" desc:"types of files that may be uploaded, by content"`
	Public   string   `envconfig:"PUBLIC_URL" desc:"scheme and host in the URLs of uploads; empty: those that the request came to, which production refuses"`
}

// Validate returns every mistake but those that show when the place is opened;
// each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	for _, t := range c.Types {
		if mimes[t] == "" {
			errs = append(errs, fmt.Errorf("UPLOAD_TYPES: type %q is not known; the known are %s", t, strings.Join(known(), ", ")))
		}
	}
	if c.MaxBytes < 1 {
		errs = append(errs, errors.New("UPLOAD_MAX_BYTES: must be more than 0"))
	}
	if public, err := url.Parse(c.Public); c.Public != "" && (err != nil || public.Scheme != "http" && public.Scheme != "https" || public.Host == "") {
		errs = append(errs, errors.New("PUBLIC_URL: must be http or https with a host"))
	}
	return errors.Join(errs...)
}

// place is where files lie. An implementation is safe for concurrent use.
type place interface {
	// put stores all of file under name, or nothing; an error of file comes back.
	put(ctx context.Context, name string, file io.Reader) error
	// get reads a file and tells its size in bytes; ErrNotFound. The reader outlives
	// ctx and is closed by the caller.
	get(ctx context.Context, name string) (io.ReadCloser, int64, error)
	close() error
}

// Store keeps files. It is safe for concurrent use.
type Store struct {
	place place
	cfg   Config
}

// Open opens the bucket or folder that cfg names, or folder when it names none. The
// caller closes it. The error begins with the field's name in the environment and
// repeats nothing of the URL.
func Open(cfg Config, folder string) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Public = strings.TrimRight(cfg.Public, "/")
	place, err := openPlace(cfg.URL, folder)
	if err != nil {
		return nil, fmt.Errorf("BLOB_URL: %w", err)
	}
	return &Store{place: place, cfg: cfg}, nil
}

// Close ends the use of the folder or bucket.
func (s *Store) Close() error { return s.place.close() }

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
	whole := &limited{Reader: io.MultiReader(bytes.NewReader(head), file), left: s.cfg.MaxBytes}
	if err = s.place.put(ctx, name, whole); errors.Is(err, ErrTooLarge) {
		return "", ErrTooLarge
	}
	if err != nil {
		return "", fmt.Errorf("uploads: %w", err)
	}
	return name, nil
}

// limited reads up to left bytes; where more come it fails with ErrTooLarge.
type limited struct {
	io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
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
	r, size, err := s.place.get(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return File{}, ErrNotFound
	}
	if err != nil {
		return File{}, fmt.Errorf("uploads: %w", err)
	}
	kind := ending(name)
	return File{ReadCloser: r, Size: size, MIME: mimes[kind], Shown: kind != "pdf"}, nil
}

func ending(name string) string { return strings.TrimPrefix(filepath.Ext(name), ".") }

// isName says whether Save could have given the name.
func isName(name string) bool {
	id, kind, found := strings.Cut(name, ".")
	raw, err := hex.DecodeString(id)
	return found && err == nil && len(raw) == 16 && strings.ToLower(id) == id && mimes[kind] != ""
}
