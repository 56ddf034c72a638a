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
	Quota    int64    `envconfig:"UPLOAD_QUOTA_BYTES" default:"107374182400" desc:"bytes that one app may store in files; 0: no limit"`
	Parallel int      `envconfig:"UPLOAD_PARALLEL" default:"64" desc:"uploads under way at once; one user, back end or unknown address has at most half of them"`
	Types    []string `envconfig:"UPLOAD_TYPES" default:"png,jpg,gif,webp,heic,mp3,m4a,aac,amr,wav,ogg,mp4,webm,mov,3gp,pdf,docx,xlsx,pptx" desc:"types of files that may be uploaded, by content; avif, flac, ogv, doc, xls, ppt, csv, txt and zip are known too"`
	Public   string   `envconfig:"PUBLIC_URL" desc:"scheme and host in the URLs of uploads; empty: those that the request came to, which production refuses"`
}

// Validate returns every mistake but those that show when the place is opened;
// each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	for _, t := range c.Types {
		if byEnding(t) == nil {
			errs = append(errs, fmt.Errorf("UPLOAD_TYPES: type %q is not known; the known are %s", t, strings.Join(known(), ", ")))
		}
	}
	if c.MaxBytes < 1 {
		errs = append(errs, errors.New("UPLOAD_MAX_BYTES: must be more than 0"))
	}
	if c.Quota < 0 {
		errs = append(errs, errors.New("UPLOAD_QUOTA_BYTES: must not be less than 0"))
	}
	if c.Parallel < 1 {
		errs = append(errs, errors.New("UPLOAD_PARALLEL: must be more than 0"))
	}
	if public, err := url.Parse(c.Public); c.Public != "" && (err != nil || public.Scheme != "http" && public.Scheme != "https" || public.Host == "") {
		errs = append(errs, errors.New("PUBLIC_URL: must be http or https with a host"))
	}
	return errors.Join(errs...)
}

// place is where files lie. An implementation is safe for concurrent use.
type place interface {
	// put stores all of file under name, with the name that it had, or nothing; an
	// error of file comes back.
	put(ctx context.Context, name, original string, file io.Reader) error
	// stat tells about a file: ErrNotFound.
	stat(ctx context.Context, name string) (stored, error)
	// get reads a file, or part of it: ErrNotFound. The reader outlives ctx and is
	// closed by the caller. What is told is about the whole file; of a part it may be
	// nothing.
	get(ctx context.Context, name string, p *Part) (io.ReadCloser, stored, error)
	// remove takes a file away, and what lies beside it; one that is not there is no error.
	remove(ctx context.Context, name string) error
	close() error
}

// stored is what a place knows of a file.
type stored struct {
	size     int64
	original string // the name that it had; empty: not known
}

// Part is some bytes of a file: Length of them, at least one, from From on.
type Part struct{ From, Length int64 }

// Store keeps files. It is safe for concurrent use.
type Store struct {
	place place
	cfg   Config
	slots slots
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
	return &Store{place: place, cfg: cfg, slots: slots{all: cfg.Parallel, owners: map[string]int{}}}, nil
}

// Close ends the use of the folder or bucket.
func (s *Store) Close() error { return s.place.close() }

// MaxBytes is the largest file that Save takes.
func (s *Store) MaxBytes() int { return s.cfg.MaxBytes }

// Public is the scheme and host in the URLs of uploads, empty when the request's
// own are to be used.
func (s *Store) Public() string { return s.cfg.Public }

// Save stores a file and returns its name: random, with the ending that its
// content has. Original is the name that it had. ErrType, ErrTooLarge, ErrEmpty.
func (s *Store) Save(ctx context.Context, original string, file io.Reader) (name string, err error) {
	return s.save(ctx, original, file, func(string) error { return nil })
}

// save is Save, which tells the name before anything is stored under it.
func (s *Store) save(ctx context.Context, original string, file io.Reader, named func(string) error) (name string, err error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(file, head)
	switch {
	case n == 0:
		return "", ErrEmpty
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return "", fmt.Errorf("uploads: reading: %w", err)
	}
	head = head[:n]
	kind := typeOf(head, s.cfg.Types)
	if kind == nil {
		return "", ErrType
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // documented never to fail
	name = hex.EncodeToString(id[:]) + "." + kind.ending
	if err := named(name); err != nil {
		return "", err
	}
	whole := &limited{Reader: io.MultiReader(bytes.NewReader(head), file), left: s.cfg.MaxBytes}
	if err = s.place.put(ctx, name, originalName(original, kind), whole); errors.Is(err, ErrTooLarge) {
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

// Info is what is known of a stored file.
type Info struct {
	Size     int64 // of the whole file
	MIME     string
	Original string // the name that it had, with the ending of its type; may be empty
	// Shown says that a browser may show it in its place; others are downloads.
	Shown bool
}

// Stat tells about a file by the name that Save gave: ErrNotFound.
func (s *Store) Stat(ctx context.Context, name string) (Info, error) {
	if !isName(name) {
		return Info{}, ErrNotFound
	}
	found, err := s.place.stat(ctx, name)
	return infoOf(name, found), wrapped(err)
}

// Open reads a file by the name that Save gave, or part of it, which has to lie
// inside; of a part, Info tells no more than the type. The reader is closed by the
// caller. ErrNotFound.
func (s *Store) Open(ctx context.Context, name string, p *Part) (io.ReadCloser, Info, error) {
	if !isName(name) {
		return nil, Info{}, ErrNotFound
	}
	r, found, err := s.place.get(ctx, name, p)
	if err != nil {
		return nil, Info{}, wrapped(err)
	}
	return r, infoOf(name, found), nil
}

func infoOf(name string, found stored) Info {
	t := byEnding(ending(name))
	return Info{Size: found.size, MIME: t.mime, Original: found.original, Shown: t.shown}
}

func wrapped(err error) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("uploads: %w", err)
}

func ending(name string) string { return strings.TrimPrefix(filepath.Ext(name), ".") }

// isName says whether Save could have given the name.
func isName(name string) bool {
	id, kind, found := strings.Cut(name, ".")
	raw, err := hex.DecodeString(id)
	return found && err == nil && len(raw) == 16 && strings.ToLower(id) == id && byEnding(kind) != nil
}
