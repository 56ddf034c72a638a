package mock

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// pageFiles is the page at GET /_mock/: plain HTML, CSS and JavaScript that ask
// for nothing but the admin API.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load its own two files and ask the admin API, and
// nothing else, whatever a text of the journal may say.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (e *Engine[S]) pageRoutes(m *http.ServeMux) {
	for path, file := range map[string]string{"{$}": "page.html", "page.js": "page.js", "page.css": "page.css"} {
		m.HandleFunc("GET "+adminPrefix+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", pagePolicy)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, pageFiles, "page/"+file)
		})
	}
}

// operationView is one row of GET /_mock/operations. A callback has no method
// and no path.
type operationView struct {
	Name     string `json:"name"`
	Method   string `json:"method,omitempty"`
	Path     string `json:"path,omitempty"`
	Callback bool   `json:"callback,omitempty"`
}

// adminOperations lists every name that an op may have. One with several methods
// or paths has a row for each.
func (e *Engine[S]) adminOperations(*http.Request, *space[S]) (any, error) {
	var list []operationView
	for _, op := range e.vendor.Operations {
		for _, method := range op.methods() {
			list = append(list, operationView{Name: op.Name, Method: method, Path: op.Path})
		}
	}
	for _, name := range e.vendor.Callbacks {
		list = append(list, operationView{Name: name, Callback: true})
	}
	slices.SortStableFunc(list, func(a, b operationView) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

var errBroken = errors.New("the mock is broken")

// adminHealth is good once the vendor's openapi is read: from then on every
// request is judged by it.
func (e *Engine[S]) adminHealth(*http.Request, *space[S]) (any, error) {
	if err := e.bound(); err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return map[string]any{"ok": true, "vendor": e.vendor.Name}, nil
}
