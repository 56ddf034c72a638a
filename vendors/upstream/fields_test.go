package upstream

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestEncodedFieldsAreReadBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Fields
		want := url.Values{}
		for range rapid.IntRange(0, 6).Draw(t, "fields") {
			name := rapid.StringN(1, 4, -1).Draw(t, "name")
			values := rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "values")
			if want.Has(name) {
				continue
			}
			f, want[name] = f.With(name, values...), values
		}
		got, err := url.ParseQuery(f.Encode())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %v (%v), want %v", f.Encode(), got, err, want)
		}
	})
}

func TestCopiedFieldsAreTheAttemptsOwn(t *testing.T) {
	f := Fields{{"a", "1"}, {"b", "2"}}
	own := f.copied(1)
	own.Set("b", "3")
	own.Set("c", "4")
	if f.Get("b") != "2" || f.Get("c") != "" || len(f) != 2 {
		t.Errorf("the call's own fields became %v", f)
	}
	if own.Get("a") != "1" || own.Get("b") != "3" || own.Get("c") != "4" || len(own) != 3 {
		t.Errorf("the copy is %v", own)
	}
}

// An id may be anything a caller gave: it must not become a header of its own.
func TestHeadersValueStaysOnItsLine(t *testing.T) {
	for via, dial := range dialers {
		t.Run(via, func(t *testing.T) {
			var got http.Header
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
			defer srv.Close()
			call := post(nil)
			call.Header = Fields{{"Trace", "7"}}
			call.Sign = func(r *Request) {
				r.Header.Set("Appuid", "u\r\nAdmin: yes\n\nbody")
				r.Header.Set("Nonce", "1")
			}
			err := dial(t, Config{BaseURL: srv.URL}).Do(t.Context(), call, nil)
			if got.Get("Admin") != "" {
				t.Fatalf("a header more: %v", got)
			}
			if err == nil && (got.Get("Trace") != "7" || got.Get("Nonce") != "1" || got.Get("Content-Type") != "application/json") {
				t.Fatalf("%v", got)
			}
			call.Sign = func(r *Request) { r.Header.Set("Nonce", "2") }
			if err := dial(t, Config{BaseURL: srv.URL}).Do(t.Context(), call, nil); err != nil {
				t.Fatal(err)
			}
			if got.Get("Trace") != "7" || got.Get("Nonce") != "2" || got.Get("Content-Type") != "application/json" || got.Get("User-Agent") != "switchboard" {
				t.Fatalf("%v", got)
			}
		})
	}
}
