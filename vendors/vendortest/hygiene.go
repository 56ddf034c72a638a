package vendortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"switchboard/vendors"
)

func hygieneChecks() []check {
	return []check{
		{name: "NoErrorHoldsASecretOrAnAddress", run: noSecrets},
		{name: "NoRequestHoldsASecretOrAKeyThatMakesItReplayed", run: cleanRequests},
		{name: "CredentialsAreFreshForEveryRequest", sees: func(f Fixture) bool { return f.Nonce != nil }, run: freshCredentials},
		{name: "ParallelCallersDoNotMixTheirMessages", needs: []string{"Messages"}, sees: showsInbox, run: parallelSends},
		{name: "ParallelCallersOfEverythingAreServed", run: parallelOps},
	}
}

// mustHide fails when any way to print err shows a secret or an address.
func (e *env) mustHide(t T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var text strings.Builder
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		fmt.Fprintf(&text, "%v\n%+v\n%#v\n", cause, cause, cause)
	}
	slog.New(slog.NewJSONHandler(&text, nil)).Error("shown", "err", err)
	shown := text.String()
	for _, s := range e.Secrets {
		if v := s.Reveal(); strings.Contains(shown, v) || strings.Contains(shown, url.QueryEscape(v)) {
			t.Errorf("%s: the error shows a secret", what)
		}
	}
	if i := strings.Index(shown, "://"); i >= 0 {
		t.Errorf("%s: the error shows a URL", what)
	}
}

func noSecrets(t T, e *env) {
	echo := answer("echo", 500, "text/html", "<p>bad key "+e.secret()+" at http://gateway.internal/</p>")
	e.eachOp(t, func(e *env, o op) {
		for _, f := range []fault{drop, reset, truncate, echo} {
			e.mustHide(t, o.name+", "+f.name, e.fresh(t, o, always, f))
		}
		e.hidesItsCredential(t, o)
		c, cancel := context.WithTimeout(t.Context(), patience)
		e.mustHide(t, o.name+", unreachable", o.call(c, e.open(nobody)))
		cancel()
	})
}

// hidesItsCredential has the far end refuse the call in a text that repeats the credential
// it came with, as some servers do.
func (e *env) hidesItsCredential(t T, o op) {
	t.Helper()
	var repeated atomic.Value
	err := e.fresh(t, o, always, fault{"its credential repeated", func(w http.ResponseWriter, r *http.Request, _ func() *http.Response) {
		_, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		repeated.Store(credential)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "invalid token: "+credential+", error: signature is invalid")
	}})
	if credential, _ := repeated.Load().(string); credential != "" && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), credential) {
		t.Errorf("%s: the error shows the credential that the far end repeated", o.name)
	}
}

func (e *env) secret() string {
	if len(e.Secrets) == 0 {
		return "none"
	}
	return e.Secrets[0].Reveal()
}

// callAll makes every call once and ignores what comes of it.
func (e *env) callAll(t T) {
	for _, o := range e.ops() {
		c, cancel := context.WithTimeout(t.Context(), patience)
		_ = o.call(c, e.v)
		cancel()
	}
}

func cleanRequests(t T, e *env) {
	e.callAll(t)
	for _, s := range e.w.requests() {
		if s.Header.Get("Idempotency-Key") != "" || s.Header.Get("X-Idempotency-Key") != "" {
			t.Errorf("%s %s carries an idempotency key, which net/http replays", s.Method, s.Path)
		}
		all := fmt.Sprint(s.Path, s.Query, s.Header, string(s.Body), s.Form())
		for _, secret := range e.Secrets {
			if strings.Contains(all, secret.Reveal()) {
				t.Errorf("%s %s carries a secret in clear", s.Method, s.Path)
			}
		}
	}
}

func freshCredentials(t T, e *env) {
	e.callAll(t)
	e.callAll(t)
	seen := make(map[string]string)
	for _, s := range e.w.requests() {
		n := e.Nonce(s)
		if n == "" {
			t.Errorf("%s %s carries no nonce", s.Method, s.Path)
		} else if other, again := seen[n]; again {
			t.Errorf("%s repeats the nonce of %s", s.Path, other)
		}
		seen[n] = s.Path
	}
}

func parallelSends(t T, e *env) {
	const callers = 16
	kind := e.Kinds[0]
	before := len(e.Far.Inbox(e.Known))
	var wg sync.WaitGroup
	errs := make([]error, callers)
	for i := range callers {
		m := e.text(kind, fmt.Sprintf("message %d", i), e.target(kind))
		wg.Go(func() { _, errs[i] = e.v.Messages.Send(t.Context(), m) })
	}
	wg.Wait()
	must(t, "send", errors.Join(errs...))
	got := make(map[string]int)
	for _, r := range e.Far.Inbox(e.Known)[before:] {
		got[r.Content]++
	}
	for i := range callers {
		_, body, _ := e.Wire(vendors.Content{Kind: vendors.Text, Text: fmt.Sprintf("message %d", i)})
		n := 0
		for content, times := range got {
			if sameJSON(content, body) {
				n += times
			}
		}
		if n != 1 {
			t.Errorf("message %d arrived %d times", i, n)
		}
	}
}

func parallelOps(t T, e *env) {
	var wg sync.WaitGroup
	for _, o := range e.ops() {
		if o.effect != reads {
			continue
		}
		alone := e.fresh(t, o, 0, fault{})
		for range 4 {
			wg.Go(func() {
				c, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if err := o.call(c, e.v); alone == nil && err != nil && vendors.OutcomeOf(err) != vendors.Throttled {
					t.Errorf("%s: %v, though it works alone", o.name, err)
				}
			})
		}
	}
	wg.Wait()
}
