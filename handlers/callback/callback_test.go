package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/events"
	"switchboard/app/moderation"
	"switchboard/handlers"
	"switchboard/handlers/handlertest"
	"switchboard/vendors"
)

// postman believes one signature and reads the body as an event of that kind.
type postman struct{ signature string }

func (p postman) Parse(r *http.Request, body []byte) ([]vendors.Event, error) {
	switch {
	case r.Header.Get("Signature") != p.signature:
		return nil, &vendors.Error{Outcome: vendors.AuthFault}
	case string(body) == "nonsense":
		return nil, &vendors.Error{Outcome: vendors.DefiniteNo}
	}
	return []vendors.Event{{ID: "e", Kind: vendors.EventKind(body), Text: r.Header.Get("Text")}}, nil
}

func (postman) Reply(_ []vendors.Event, v vendors.Verdict) vendors.Reply {
	if v.Block {
		return vendors.Reply{Status: 200, ContentType: "text/plain", Body: []byte("blocked: " + v.Note)}
	}
	return vendors.Reply{Status: 200}
}

// box keeps events unless it is broken.
type box struct {
	events.Store
	broken error
	kept   int
}

func (b *box) Add(_ context.Context, records []events.Record, _ bool) ([]bool, error) {
	if b.broken != nil {
		return nil, b.broken
	}
	b.kept += len(records)
	return make([]bool, len(records)), nil
}

func TestACallbackIsAnsweredOnceItIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(file, []byte("casino\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	silent := slog.New(slog.DiscardHandler)
	words, err := moderation.New(moderation.Config{File: file, Sync: time.Minute}, moderation.Deps{Log: silent})
	if err != nil {
		t.Fatal(err)
	}
	routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "acme", Callbacks: postman{"good"}}, {Name: "mute"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := routes.Replace("acme", &vendors.Vendor{Name: "acme", Callbacks: postman{"good"}}, &vendors.Vendor{Name: "acme", Callbacks: postman{"old"}}); err != nil {
		t.Fatal(err)
	}
	down := errors.New("the disk is full")
	for _, c := range []struct {
		name, path, body, signature, text string
		broken                            error
		want                              string
		kept                              int
	}{
		{"kept", "/callbacks/acme", "presence", "good", "", nil, "200 ", 1},
		{"below its path", "/callbacks/acme/messages", "presence", "good", "", nil, "200 ", 1},
		{"signed with the key before", "/callbacks/acme", "presence", "old", "", nil, "200 ", 1},
		{"signed by nobody", "/callbacks/acme", "presence", "bad", "", nil, `401 {"error":"the signature is not the vendor's"}`, 0},
		{"unreadable", "/callbacks/acme", "nonsense", "good", "", nil, `400 {"error":"the callback is none that is known"}`, 0},
		{"an unknown account", "/callbacks/other", "presence", "good", "", nil, `404 {"error":"no vendor account of that name sends callbacks"}`, 0},
		{"an account without callbacks", "/callbacks/mute", "presence", "good", "", nil, `404 {"error":"no vendor account of that name sends callbacks"}`, 0},
		{"not kept: the vendor repeats it", "/callbacks/acme", "presence", "good", "", down, `500 {"error":"internal error"}`, 0},
		{"a question", "/callbacks/acme", string(vendors.EventModeration), "good", "hello", nil, "200 ", 1},
		{"a question about a word", "/callbacks/acme", string(vendors.EventModeration), "good", "a casino", nil, "200 blocked: " + blockedNote, 1},
		{"a question that is not kept is answered", "/callbacks/acme", string(vendors.EventModeration), "good", "a casino", down, "200 blocked: " + blockedNote, 0},
	} {
		b := &box{broken: c.broken}
		service, err := events.New(events.Config{Keep: 24 * time.Hour}, events.Deps{Store: b, Log: silent})
		if err != nil {
			t.Fatal(err)
		}
		web := fiber.New(fiber.Config{ErrorHandler: handlers.PlainFailure, Immutable: true})
		Handler{Routes: routes, Events: service, Words: words, Log: silent}.Mount(web.Group("/callbacks"))
		got, _ := handlertest.Do(t, web, handlertest.Request{Path: c.path, Body: c.body, Header: []string{"Signature: " + c.signature, "Text: " + c.text}})
		if got != c.want || b.kept != c.kept {
			t.Errorf("%s: %s, want %s; %d kept", c.name, got, c.want, b.kept)
		}
	}
}

func TestAnUnsignedCallbackIsBelievedForASecretInItsAddress(t *testing.T) {
	p := postman{}
	v := &vendors.Vendor{Name: "open", Callbacks: p, CallbackSecrets: []vendors.Secret{"old-secret", "new-secret"}}
	v.Traits.Callbacks.Unsigned = true
	bare := &vendors.Vendor{Name: "bare", Callbacks: p, CallbackSecrets: []vendors.Secret{""}}
	bare.Traits.Callbacks.Unsigned = true
	routes, err := vendors.NewRouter([]*vendors.Vendor{v, bare}, nil)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := events.New(events.Config{Keep: time.Hour}, events.Deps{Store: &box{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{ErrorHandler: handlers.PlainFailure})
	Handler{Routes: routes, Events: taken, Log: slog.New(slog.DiscardHandler)}.Mount(app.Group("/callbacks"))
	for path, want := range map[string]int{
		"/callbacks/open":                   401,
		"/callbacks/open?secret=":           401,
		"/callbacks/open?secret=guess":      401,
		"/callbacks/open?secret=new-secret": 200,
		"/callbacks/open?secret=old-secret": 200,
		"/callbacks/bare":                   401,
		"/callbacks/bare?secret=":           401,
	} {
		r, _ := http.NewRequest(http.MethodPost, "http://switchboard"+path, strings.NewReader("presence"))
		res, err := app.Test(r, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}
