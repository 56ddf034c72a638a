package uploads

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

const (
	testKey    = "AKIDEXAMPLE"
	testSecret = "s3cr3t-of-the-bucket"
)

// s3 is a server in this process with the bucket "photos". It knows one access key.
type s3 struct {
	*httptest.Server
	files *s3mem.Backend
	// fault, when set, may answer a request in the server's place.
	fault func(w http.ResponseWriter, r *http.Request) bool
	parts atomic.Int32 // parts of uploads that came
	drops atomic.Int32 // uploads that the client gave up
}

func newS3(t *testing.T) *s3 {
	t.Helper()
	s := &s3{files: s3mem.New()}
	if err := s.files.CreateBucket("photos"); err != nil {
		t.Fatal(err)
	}
	behind := gofakes3.New(s.files, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.Contains(r.Header.Get("Authorization"), "Credential="+testKey+"/"):
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>InvalidAccessKeyId</Code><Message>The access key does not exist.</Message></Error>")
			return
		case r.Method == http.MethodPut && r.URL.Query().Has("partNumber"):
			s.parts.Add(1)
			r.Body = unchunked(t, r)
		case r.Method == http.MethodDelete && r.URL.Query().Has("uploadId"):
			s.drops.Add(1)
		}
		if s.fault == nil || !s.fault(w, r) {
			behind.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// unchunked is the body of a part without the signatures between its chunks, which the
// server in this process takes for content: SIZE;chunk-signature=...\r\nBYTES\r\n
func unchunked(t *testing.T, r *http.Request) io.ReadCloser {
	var content bytes.Buffer
	for in, size := bufio.NewReader(r.Body), int64(1); size > 0; {
		head, err := in.ReadString('\n')
		if err != nil {
			return io.NopCloser(iotest.ErrReader(err)) // the client went away
		}
		if size, err = strconv.ParseInt(strings.Split(head, ";")[0], 16, 64); err != nil {
			t.Errorf("a chunk begins with %q", head)
		}
		if _, err := io.CopyN(&content, in, size); err != nil {
			return io.NopCloser(iotest.ErrReader(err))
		}
		_, _ = in.Discard(len("\r\n"))
	}
	r.ContentLength = int64(content.Len())
	return io.NopCloser(&content)
}

// open is the store on a bucket of the server, with more of the URL's query.
func (s *s3) open(t *testing.T, bucket, more string) *Store {
	t.Helper()
	files, err := Open(Config{
		Parallel: 4, MaxBytes: 3 * partBytes, Types: []string{"png", "mp4"},
		URL: "s3://" + bucket + "?use_path_style=true&region=eu-west-1&endpoint=" + s.URL + more,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	return files
}

// stored are the keys in the bucket.
func (s *s3) stored(t *testing.T) (keys []string) {
	t.Helper()
	list, err := s.files.ListBucket("photos", nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		keys = append(keys, o.Key)
	}
	return keys
}

const inURL = "&access_key=" + testKey + "&secret_key=" + testSecret

func png(size int) []byte {
	return append([]byte(samples["png"]), bytes.Repeat([]byte("x"), size-len(samples["png"]))...)
}

func TestFilesOfABucketComeBackWhole(t *testing.T) {
	server := newS3(t)
	files := server.open(t, "photos", inURL+"&prefix=up/")
	for _, size := range []int{20, sniffed, partBytes, partBytes + 1, 2*partBytes + 7, 3 * partBytes} {
		want := png(size)
		name, err := files.Save(t.Context(), "你好 \"1\".png", bytes.NewReader(want))
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		// The request that asked has ended before the answer's body is read.
		ctx, cancel := context.WithCancel(t.Context())
		f, info, err := files.Open(ctx, name, nil)
		cancel()
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		about := Info{int64(size), "image/png", "你好 \"1\".png", true}
		got, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil || !bytes.Equal(got, want) || info != about {
			t.Errorf("%d bytes: %d, said to be %+v, %v", size, len(got), info, err)
		}
		if size < sniffed {
			holds(t, files, name, string(want), about)
		}
	}
	for _, key := range server.stored(t) {
		if !strings.HasPrefix(key, "up/") {
			t.Errorf("%s is outside the prefix", key)
		}
	}
	missing := strings.Repeat("a", 32) + ".png"
	_, _, opened := files.Open(t.Context(), missing, nil)
	_, _, part := files.Open(t.Context(), missing, &Part{0, 1})
	_, told := files.Stat(t.Context(), missing)
	for _, err := range []error{opened, part, told} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("a file that is not there: %v", err)
		}
	}
}

// dropped is an index that remembers what was dropped.
type dropped struct {
	Index
	names []string
}

func (d *dropped) Drop(_ context.Context, f File) error {
	d.names = append(d.names, f.Name)
	return nil
}

// As an erasure and retention do: the file goes first, so that a crash in between leaves
// what names it, and the same again ends it.
func TestAFileOfABucketIsDeletedAndOnceMore(t *testing.T) {
	server := newS3(t)
	files, index := server.open(t, "photos", inURL+"&prefix=up/"), &dropped{}
	name, err := files.Save(t.Context(), "a.png", bytes.NewReader(png(20)))
	if err != nil {
		t.Fatal(err)
	}
	server.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusForbidden)
		}
		return r.Method == http.MethodDelete
	}
	if err := files.Delete(t.Context(), index, File{Name: name}); err == nil || len(index.names) > 0 {
		t.Errorf("the server refuses: %v, dropped %v", err, index.names)
	}
	server.fault = nil
	for range 2 {
		if err := files.Delete(t.Context(), index, File{Name: name}); err != nil {
			t.Error(err)
		}
	}
	if left := server.stored(t); len(left) > 0 || len(index.names) != 2 {
		t.Errorf("left %v, dropped %v", left, index.names)
	}
}

func TestCredentialsOfTheEnvironment(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", testKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", testSecret)
	if _, err := newS3(t).open(t, "photos", "").Save(t.Context(), "", strings.NewReader(samples["png"])); err != nil {
		t.Error(err)
	}
}

func TestABucketThatIsClosedOrMissingIsAnErrorWithoutSecrets(t *testing.T) {
	server := newS3(t)
	for why, files := range map[string]*Store{
		"InvalidAccessKeyId": server.open(t, "photos", "&access_key=AKIDOTHER&secret_key="+testSecret),
		"NoSuchBucket":       server.open(t, "missing", inURL),
	} {
		_, saved := files.Save(t.Context(), "", strings.NewReader(samples["png"]))
		_, _, opened := files.Open(t.Context(), strings.Repeat("a", 32)+".png", nil)
		for _, err := range []error{saved, opened} {
			if err == nil || errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), testSecret) || strings.Contains(err.Error(), "AKID") {
				t.Errorf("%s: %v", why, err)
			}
		}
	}
}

func TestAFailureInTheMiddleStoresNothing(t *testing.T) {
	broken := errors.New("the sender went away")
	refuse := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") != "2" {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>")
		return true
	}
	for name, c := range map[string]struct {
		file  io.Reader
		fault func(http.ResponseWriter, *http.Request) bool
		want  error // nil: any
		parts int32
	}{
		"the sender fails at once":  {file: io.MultiReader(bytes.NewReader(png(1000)), iotest.ErrReader(broken)), want: broken},
		"the sender fails later":    {file: io.MultiReader(bytes.NewReader(png(2*partBytes+1)), iotest.ErrReader(broken)), want: broken, parts: 2},
		"a byte too many":           {file: bytes.NewReader(png(3*partBytes + 1)), want: ErrTooLarge},
		"the server refuses a part": {file: bytes.NewReader(png(2*partBytes + 1)), fault: refuse},
	} {
		t.Run(name, func(t *testing.T) {
			server := newS3(t)
			server.fault = c.fault
			stored, err := server.open(t, "photos", inURL).Save(t.Context(), "x.png", c.file)
			if err == nil || stored != "" || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%q %v", stored, err)
			}
			if keys := server.stored(t); len(keys) != 0 {
				t.Errorf("stored: %v", keys)
			}
			if server.parts.Load() > 0 && server.drops.Load() != 1 {
				t.Errorf("%d parts came, given up %d times", server.parts.Load(), server.drops.Load())
			}
			if server.parts.Load() < c.parts {
				t.Errorf("%d parts came", server.parts.Load())
			}
		})
	}
}

func TestACallerWhoGoesAwayEndsTheUpload(t *testing.T) {
	server := newS3(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") == "2" {
			cancel()
		}
		return false
	}
	if name, err := server.open(t, "photos", inURL).Save(ctx, "", bytes.NewReader(png(3*partBytes))); !errors.Is(err, context.Canceled) {
		t.Errorf("%q %v", name, err)
	}
	if keys := server.stored(t); len(keys) != 0 || server.drops.Load() != 1 {
		t.Errorf("stored: %v, given up %d times", keys, server.drops.Load())
	}
}

func TestAServerInTroubleIsAskedAgain(t *testing.T) {
	server := newS3(t)
	var asked atomic.Int32
	server.fault = func(w http.ResponseWriter, _ *http.Request) bool {
		if asked.Add(1) < attempts {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	if _, err := server.open(t, "photos", inURL).Save(t.Context(), "", strings.NewReader(samples["png"])); err != nil || asked.Load() != attempts {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}
