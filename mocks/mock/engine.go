package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

const maxBody = 4 << 20 // bytes of a request

// Options is what all mocks share.
type Options struct {
	Seed uint64 // of everything random; the same seed gives the same ids and tokens
	// Credentials of the default namespace; the vendor fills in what is missing.
	Credentials map[string]string
	// CheckAnswers holds every answer against the openapi and notes breaches
	// in the journal. It costs a decode per call; tests want it.
	CheckAnswers bool
	// SpecLater reads the openapi when the first request needs it: a program that starts
	// mocks waits for none, and one that never calls them does not hold it. A mistake in
	// the vendor's table then shows in every answer.
	SpecLater bool
}

// Engine serves one mock vendor over HTTP.
type Engine[S State] struct {
	vendor  Vendor[S]
	opt     Options
	routes  map[string][]*route[S] // by exact path
	pattern []*route[S]            // with {segments}
	admin   *http.ServeMux
	names   names
	ctx     context.Context // ends with Close, and what hangs or waits with it
	close   context.CancelFunc
	bound   func() error // binds the routes to the openapi, once

	mu     sync.RWMutex // guards spaces and byKey
	spaces map[string]*space[S]
	byKey  map[string]*space[S]
}

type route[S State] struct {
	Operation[S]
	contract *contract // set by bound
	segments []string
}

// New builds the vendor's engine with its default namespace. The error is a
// mistake in the vendor's table: an operation that the openapi does not have,
// or a path of the openapi that nothing serves.
func New[S State](v Vendor[S], opt Options) (*Engine[S], error) {
	e := &Engine[S]{
		vendor: v, opt: opt, routes: map[string][]*route[S]{}, names: v.names(),
		spaces: map[string]*space[S]{}, byKey: map[string]*space[S]{},
	}
	e.ctx, e.close = context.WithCancel(context.Background())
	all := e.mount()
	e.bound = sync.OnceValue(func() error { return bind(v.Spec, v.Lenient, all) })
	if !opt.SpecLater {
		if err := e.bound(); err != nil {
			return nil, fmt.Errorf("mock %s: %w", v.Name, err)
		}
	}
	e.admin = e.adminRoutes()
	_, err := e.Create(DefaultNamespace, opt.Credentials)
	return e, err
}

// mount makes the vendor's operations findable and returns them.
func (e *Engine[S]) mount() (all []*route[S]) {
	for _, op := range e.vendor.Operations {
		op.Methods = op.methods()
		if op.Spec == "" {
			op.Spec = op.Path
		}
		r := &route[S]{Operation: op}
		all = append(all, r)
		if strings.Contains(op.Path, "{") {
			r.segments = strings.Split(op.Path, "/")
			e.pattern = append(e.pattern, r)
			continue
		}
		e.routes[op.Path] = append(e.routes[op.Path], r)
	}
	return all
}

// bind gives each route what the openapi says of it.
func bind[S State](spec []byte, lenient bool, all []*route[S]) error {
	doc, err := loadSpec(spec)
	if err != nil {
		return err
	}
	unserved := maps.Clone(doc.Paths.Map())
	for _, r := range all {
		delete(unserved, r.Spec)
		if r.contract, err = contractOf(doc, r.Spec, r.Methods); err != nil {
			return err
		}
		r.contract.lenient = lenient
	}
	if len(unserved) > 0 {
		return fmt.Errorf("nothing serves %v", slices.Sorted(maps.Keys(unserved)))
	}
	return nil
}

// Create opens a namespace. Credentials that are left out are made up; read
// them from the namespace.
func (e *Engine[S]) Create(name string, credentials map[string]string) (S, error) {
	var none S
	random := NewRandom(e.opt.Seed, name)
	all := map[string]string{}
	e.vendor.Fill(all, NewRandom(0, ""))
	for given := range credentials {
		if _, known := all[given]; !known {
			return none, fmt.Errorf("mock %s: credentials are %v, not %q", e.vendor.Name, slices.Sorted(maps.Keys(all)), given)
		}
	}
	all = map[string]string{}
	maps.Copy(all, credentials)
	e.vendor.Fill(all, random)
	faults := &Faults{random: NewRandom(e.opt.Seed, name+" faults"), known: e.names}
	n := &Namespace{Name: name, Clock: &Clock{}, Random: random, Journal: newJournal(e.names), Faults: faults, credentials: all}
	n.Callbacks = newSender(n, e.vendor.Schedule, e.vendor.Sign)
	e.mu.Lock()
	defer e.mu.Unlock()
	if name == "" || e.spaces[name] != nil {
		return none, fmt.Errorf("mock %s: namespace %q is empty or taken", e.vendor.Name, name)
	}
	for _, key := range e.vendor.Keys {
		if e.byKey[all[key]] != nil || all[key] == "" {
			return none, fmt.Errorf("mock %s: %s of namespace %q is empty or taken", e.vendor.Name, key, name)
		}
	}
	s := &space[S]{Namespace: n, state: e.vendor.Open(n)}
	e.spaces[name] = s
	for _, key := range e.vendor.Keys {
		e.byKey[all[key]] = s
	}
	return s.state, nil
}

// Delete closes a namespace and reports whether there was one. The default
// stays.
func (e *Engine[S]) Delete(name string) bool {
	e.mu.Lock()
	s := e.spaces[name]
	if s == nil || name == DefaultNamespace {
		e.mu.Unlock()
		return false
	}
	delete(e.spaces, name)
	maps.DeleteFunc(e.byKey, func(_ string, other *space[S]) bool { return other == s })
	e.mu.Unlock()
	s.Callbacks.Close()
	return true
}

// State returns the state of a namespace and whether there is one.
func (e *Engine[S]) State(name string) (S, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	s := e.spaces[name]
	if s == nil {
		var none S
		return none, false
	}
	return s.state, true
}

// Default returns the state of the default namespace.
func (e *Engine[S]) Default() S {
	s, _ := e.State(DefaultNamespace)
	return s
}

// Close ends hanging requests and callbacks under way, and waits for the
// latter. It may be called twice.
func (e *Engine[S]) Close() {
	e.close()
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, s := range e.spaces {
		s.Callbacks.Close()
	}
}

// read takes the request in and finds operation and namespace.
func (e *Engine[S]) read(r *http.Request) (*Call, *space[S], *route[S], *Problem) {
	c := &Call{Request: r, Path: path.Clean("/" + r.URL.Path), Query: ParseForm(r.URL.RawQuery)}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	c.Body = body
	if !strings.Contains(r.Header.Get("Content-Type"), "json") {
		c.Form = ParseForm(string(body))
	}
	c.Values = merge(c.Form, c.Query)
	op, problem := e.route(c)
	if op != nil {
		c.Op = op.Name
		if e.bound() == nil && op.contract.isJSON {
			c.JSON = decodeObject(body)
		}
	}
	if err != nil || len(body) > maxBody {
		problem = &Problem{Kind: TooLarge}
	}
	e.vendor.Read(c)
	e.mu.RLock()
	s, known := e.byKey[c.Key]
	if !known {
		s = e.spaces[DefaultNamespace]
	}
	e.mu.RUnlock()
	if !known && (problem == nil || e.signedFirst(problem)) {
		problem = &Problem{Kind: UnknownSender}
	}
	c.Namespace, c.Now = s.Namespace, s.Clock.Now()
	return c, s, op, problem
}

// decodeObject returns nil when body is not one JSON object.
func decodeObject(body []byte) map[string]any {
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	if d.Decode(&object) != nil || d.More() {
		return nil
	}
	return object
}

func (e *Engine[S]) route(c *Call) (*route[S], *Problem) {
	candidates := e.routes[c.Path]
	if candidates == nil {
		for _, r := range e.pattern {
			if params, ok := matchSegments(r.segments, c.Path); ok {
				candidates, c.Params = append(candidates, r), params
			}
		}
	}
	if candidates == nil {
		return nil, &Problem{Kind: UnknownPath}
	}
	for _, r := range candidates {
		if slices.Contains(r.Methods, c.Request.Method) && (r.When == nil || r.When(c)) {
			return r, nil
		}
	}
	return nil, &Problem{Kind: WrongMethod}
}

func matchSegments(pattern []string, path string) (map[string]string, bool) {
	parts := strings.Split(path, "/")
	if len(parts) != len(pattern) {
		return nil, false
	}
	params := map[string]string{}
	for i, p := range pattern {
		switch name, ok := strings.CutPrefix(p, "{"); {
		case ok && parts[i] != "":
			params[strings.TrimSuffix(name, "}")] = parts[i]
		case p != parts[i]:
			return nil, false
		}
	}
	return params, true
}
