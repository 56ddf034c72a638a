package mock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const adminPrefix = "/_mock/"

// adminRoutes is the admin API. Every path takes ?namespace=, by default the
// default one. Errors are {"error": "..."} with a 4xx status.
func (e *Engine[S]) adminRoutes() *http.ServeMux {
	m := http.NewServeMux()
	handle := func(pattern string, f func(*http.Request, *space[S]) (any, error)) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { e.serveAdmin(w, r, f) })
	}
	e.pageRoutes(m)
	handle("GET /_mock/health", e.adminHealth)
	handle("GET /_mock/operations", e.adminOperations)
	handle("GET /_mock/journal", e.adminFind)
	handle("GET /_mock/journal/expect", e.adminExpect)
	handle("DELETE /_mock/journal", func(_ *http.Request, s *space[S]) (any, error) { s.Journal.Clear(); return nil, nil })
	handle("GET /_mock/faults", func(_ *http.Request, s *space[S]) (any, error) { return s.Faults.List(), nil })
	handle("GET /_mock/faults/unfired", func(_ *http.Request, s *space[S]) (any, error) { return s.Faults.Unfired(), nil })
	handle("POST /_mock/faults", e.adminAddFault)
	handle("DELETE /_mock/faults", func(_ *http.Request, s *space[S]) (any, error) { s.Faults.Clear(); return nil, nil })
	handle("DELETE /_mock/faults/{id}", e.adminRemoveFault)
	handle("GET /_mock/clock", func(_ *http.Request, s *space[S]) (any, error) { return clockView(s.Clock), nil })
	handle("PUT /_mock/clock", e.adminSetClock)
	handle("POST /_mock/clock/advance", e.adminAdvance)
	handle("POST /_mock/reset", e.adminReset)
	handle("GET /_mock/namespaces", e.adminNamespaces)
	handle("POST /_mock/namespaces", e.adminCreate)
	handle("DELETE /_mock/namespaces/{name}", e.adminDelete)
	handle("GET /_mock/callbacks", func(_ *http.Request, s *space[S]) (any, error) { return s.Callbacks.Targets(), nil })
	handle("PUT /_mock/callbacks", e.adminTargets)
	handle("POST /_mock/callbacks/{name}", e.adminTrigger)
	handle("GET /_mock/state/{part}", e.adminState)
	handle(adminPrefix, func(*http.Request, *space[S]) (any, error) { return nil, errNotFound })
	return m
}

var errNotFound = errors.New("no such path, namespace or rule")

func (e *Engine[S]) serveAdmin(w http.ResponseWriter, r *http.Request, f func(*http.Request, *space[S]) (any, error)) {
	name := r.URL.Query().Get("namespace")
	if name == "" {
		name = DefaultNamespace
	}
	e.mu.RLock()
	s := e.spaces[name]
	e.mu.RUnlock()
	var out any
	err := errNotFound
	if s != nil {
		out, err = f(r, s)
	}
	status := http.StatusOK
	switch {
	case errors.Is(err, errNotFound):
		status = http.StatusNotFound
	case errors.Is(err, errBroken):
		status = http.StatusServiceUnavailable
	case err != nil:
		status = http.StatusBadRequest
	}
	if err != nil {
		out = map[string]string{"error": err.Error()}
	} else if out == nil {
		out = map[string]bool{"ok": true}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(out) // a client that left is no news
}

// adminFilter reads op, user, code, text, fault and since.
func (e *Engine[S]) adminFilter(r *http.Request) (Filter, error) {
	q := r.URL.Query()
	f := Filter{Op: q.Get("op"), User: q.Get("user"), Code: q.Get("code"), Text: q.Get("text"), Fault: q.Get("fault")}
	if err := e.names.check(f.Op); err != nil {
		return f, err
	}
	if f.Fault != "" && f.Fault != "*" && !slices.Contains(kinds, f.Fault) {
		return f, fmt.Errorf("unknown fault %q; * or one of %v", f.Fault, kinds)
	}
	if since := q.Get("since"); since != "" {
		n, err := strconv.ParseInt(since, 10, 64)
		if err != nil {
			return f, errors.New("since must be the seq of an entry")
		}
		f.Since = n
	}
	return f, nil
}

const longestWait = time.Minute // that a caller of the admin API may ask for

// within reads how long the caller will wait, and returns what ends then, when the
// caller leaves or when the mock closes. Without it waiting has ended already.
func (e *Engine[S]) within(r *http.Request) (context.Context, context.CancelFunc, error) {
	var d time.Duration
	if text := r.URL.Query().Get("within"); text != "" {
		var err error
		if d, err = time.ParseDuration(text); err != nil || d < 0 || d > longestWait {
			return nil, nil, fmt.Errorf(`within must be a duration up to %v: "2s", "500ms"`, longestWait)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), d)
	stop := context.AfterFunc(e.ctx, cancel)
	return ctx, func() { stop(); cancel() }, nil
}

// adminFind answers at once, or with within= as soon as there is an entry.
func (e *Engine[S]) adminFind(r *http.Request, s *space[S]) (any, error) {
	f, err := e.adminFilter(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel, err := e.within(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	_ = s.Journal.Wait(ctx, f, 1) // none in time is an empty list
	return append([]Entry{}, s.Journal.Find(f)...), nil
}

func (e *Engine[S]) adminExpect(r *http.Request, s *space[S]) (any, error) {
	f, err := e.adminFilter(r)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || n < 0 {
		return nil, errors.New("n must be the number of entries to expect")
	}
	ctx, cancel, err := e.within(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return nil, s.Journal.ExpectSoon(ctx, f, n)
}

// decodeAdmin reads a JSON body and refuses fields that do not exist.
func decodeAdmin(r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("the body is not the JSON asked for: " + err.Error())
	}
	return nil
}

func (e *Engine[S]) adminAddFault(r *http.Request, s *space[S]) (any, error) {
	var in struct {
		Match  Match  `json:"match"`
		Action Action `json:"action"`
	}
	if err := decodeAdmin(r, &in); err != nil {
		return nil, err
	}
	id, err := s.Faults.Add(in.Match, in.Action)
	return map[string]string{"id": id}, err
}

func (e *Engine[S]) adminRemoveFault(r *http.Request, s *space[S]) (any, error) {
	if !s.Faults.Remove(r.PathValue("id")) {
		return nil, errNotFound
	}
	return nil, nil
}

func clockView(c *Clock) any {
	return map[string]any{"now": c.Now().UTC(), "offset": c.Offset().String()}
}

func (e *Engine[S]) adminSetClock(r *http.Request, s *space[S]) (any, error) {
	var in struct {
		Now time.Time `json:"now"`
	}
	if err := decodeAdmin(r, &in); err != nil {
		return nil, err
	}
	if in.Now.IsZero() {
		return nil, errors.New("now is missing")
	}
	s.Clock.Set(in.Now)
	return clockView(s.Clock), nil
}

func (e *Engine[S]) adminAdvance(r *http.Request, s *space[S]) (any, error) {
	var in struct {
		By string `json:"by"`
	}
	if err := decodeAdmin(r, &in); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(in.By)
	if err != nil {
		return nil, errors.New(`by must be a duration: "90s", "-5m"`)
	}
	s.Clock.Advance(d)
	return clockView(s.Clock), nil
}

func (e *Engine[S]) adminReset(_ *http.Request, s *space[S]) (any, error) {
	s.Do(s.state.Reset)
	s.Faults.Clear()
	s.Journal.Clear()
	s.Clock.Advance(-s.Clock.Offset())
	return nil, nil
}

func (e *Engine[S]) adminNamespaces(*http.Request, *space[S]) (any, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	names := make([]string, 0, len(e.spaces))
	for name := range e.spaces {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (e *Engine[S]) adminCreate(r *http.Request, _ *space[S]) (any, error) {
	var in struct {
		Name        string            `json:"name"`
		Credentials map[string]string `json:"credentials"`
	}
	if err := decodeAdmin(r, &in); err != nil {
		return nil, err
	}
	if _, err := e.Create(in.Name, in.Credentials); err != nil {
		return nil, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	s := e.spaces[in.Name]
	if s == nil {
		return nil, errNotFound // deleted meanwhile
	}
	return map[string]any{"name": in.Name, "credentials": s.Credentials()}, nil
}

func (e *Engine[S]) adminDelete(r *http.Request, _ *space[S]) (any, error) {
	if !e.Delete(r.PathValue("name")) {
		return nil, errNotFound
	}
	return nil, nil
}

func (e *Engine[S]) adminTargets(r *http.Request, s *space[S]) (any, error) {
	var in map[string]string
	if err := decodeAdmin(r, &in); err != nil {
		return nil, err
	}
	for name, url := range in {
		s.Callbacks.Target(name, url)
	}
	return s.Callbacks.Targets(), nil
}

func (e *Engine[S]) adminTrigger(r *http.Request, s *space[S]) (any, error) {
	if e.vendor.Trigger == nil {
		return nil, errors.New("this vendor has neither callbacks nor actions")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return nil, errors.New("the body cannot be read")
	}
	s.Do(func() { err = e.vendor.Trigger(s.state, r.PathValue("name"), body) })
	return nil, err
}

func (e *Engine[S]) adminState(r *http.Request, s *space[S]) (any, error) {
	var part any
	if e.vendor.Show != nil {
		s.Do(func() { part = e.vendor.Show(s.state, r.PathValue("part"), r.URL.Query()) })
	}
	if part == nil {
		return nil, errNotFound
	}
	return part, nil
}
