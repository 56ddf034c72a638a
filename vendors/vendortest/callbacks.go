package vendortest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"switchboard/vendors"
)

func callbackChecks() []check {
	need := []string{"Callbacks"}
	has := func(f Fixture) bool { return len(f.Callbacks) > 0 }
	return []check{
		{"CallbackBecomesItsEvents", need, has, parseCallbacks},
		{"RedeliveredCallbackKeepsItsEventIDsAndNoOtherHasThem", need, has, stableIDs},
		{"CallbackSignedWithAnotherSecretIsAnAuthFault", need, func(f Fixture) bool { return has(f) && f.Spoil != nil }, forged},
		{"CallbackWhoseBodyWasChangedIsAnAuthFault", need, func(f Fixture) bool { return has(f) && f.SignsBody }, changedBody},
		{"UnsignedCallbackIsAnAuthFault", need, func(f Fixture) bool { return has(f) && !f.Traits.Callbacks.Unsigned }, unsigned},
		{"UnsignedCallbacksAreBelievedForASecretInTheirAddress", need, has, believed},
		{"SignedNonsenseIsADefiniteNo", need, has, nonsense},
		{"CallbackIsAnsweredInTheVendorsForm", need, has, replies},
	}
}

// comparableEvent is an event without what each delivery or adapter chooses.
func comparableEvent(e vendors.Event) string {
	e.ID, e.Vendor, e.At = "", "", e.At.UTC()
	if len(e.Content) > 0 {
		var v any
		if json.Unmarshal(e.Content, &v) == nil {
			e.Content = jsonOf(v)
		}
	}
	return fmt.Sprintf("%+v content %s", e, e.Content)
}

func parseCallbacks(t T, e *env) {
	for _, c := range e.Callbacks {
		got, err := e.v.Callbacks.Parse(c.Request(c.Body), c.Body)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if len(got) != len(c.Want) {
			t.Errorf("%s: %d events, want %d", c.Name, len(got), len(c.Want))
			continue
		}
		for i := range got {
			if g, w := comparableEvent(got[i]), comparableEvent(c.Want[i]); g != w {
				t.Errorf("%s: event %d is\n%s, want\n%s", c.Name, i, g, w)
			}
			if got[i].Vendor != e.v.Name {
				t.Errorf("%s: event %d names vendor %q", c.Name, i, got[i].Vendor)
			}
		}
	}
}

func stableIDs(t T, e *env) {
	owner := make(map[string]string)
	for _, c := range e.Callbacks {
		first, err := e.v.Callbacks.Parse(c.Request(c.Body), c.Body)
		must(t, c.Name, err)
		again, err := e.v.Callbacks.Parse(c.Request(c.Body), c.Body)
		must(t, c.Name, err)
		for i := range first {
			id := first[i].ID
			if id == "" || i >= len(again) || again[i].ID != id {
				t.Errorf("%s: event %d has id %q, which a second delivery does not repeat", c.Name, i, id)
			}
			if other := owner[id]; other != "" {
				t.Errorf("%s: event %d has the id of one of %s", c.Name, i, other)
			}
			owner[id] = c.Name
		}
	}
}

func forged(t T, e *env) {
	for _, c := range e.Callbacks {
		_, err := e.v.Callbacks.Parse(e.Spoil(c), c.Body)
		mustBe(t, c.Name, err, vendors.AuthFault, nil)
		e.mustHide(t, c.Name, err)
	}
}

func changedBody(t T, e *env) {
	for _, c := range e.Callbacks {
		_, err := e.v.Callbacks.Parse(c.Request(c.Body), append(slices.Clone(c.Body), ' '))
		mustBe(t, c.Name, err, vendors.AuthFault, nil)
	}
}

func unsigned(t T, e *env) {
	for _, c := range e.Callbacks {
		r := c.Request(c.Body)
		bare := &http.Request{Method: r.Method, URL: &url.URL{Path: r.URL.Path}, Header: http.Header{"Content-Type": r.Header["Content-Type"]}}
		_, err := e.v.Callbacks.Parse(bare, c.Body)
		mustBe(t, c.Name, err, vendors.AuthFault, nil)
	}
}

// believed: at a vendor that signs the address says nothing.
func believed(t T, e *env) {
	at := func(query url.Values) bool {
		return e.v.BelievesAddress(&http.Request{URL: &url.URL{Path: "/callbacks/x", RawQuery: query.Encode()}})
	}
	bare, empty, guess := at(nil), at(url.Values{vendors.CallbackSecretParam: {""}}), at(url.Values{vendors.CallbackSecretParam: {"guess"}})
	if !e.v.Traits.Callbacks.Unsigned {
		if !bare {
			t.Errorf("signed callbacks are not believed without a secret in their address")
		}
		return
	}
	if bare || empty || guess || len(e.v.CallbackSecrets) == 0 {
		t.Errorf("unsigned callbacks are believed: bare %t, with an empty secret %t, with a guess %t; %d secrets are set", bare, empty, guess, len(e.v.CallbackSecrets))
	}
	for i, s := range e.v.CallbackSecrets {
		if !at(url.Values{vendors.CallbackSecretParam: {s.Reveal()}}) {
			t.Errorf("secret %d in the address is not believed", i)
		}
	}
}

func nonsense(t T, e *env) {
	for _, c := range e.Callbacks {
		for _, body := range []string{"", "\x00%%%", "[[1]]", `{"a"`, "<xml/>"} {
			_, err := e.v.Callbacks.Parse(c.Request([]byte(body)), []byte(body))
			mustBe(t, fmt.Sprintf("%s, body %q", c.Name, body), err, vendors.DefiniteNo, nil)
			e.mustHide(t, c.Name, err)
		}
	}
}

func replies(t T, e *env) {
	for _, c := range e.Callbacks {
		events, err := e.v.Callbacks.Parse(c.Request(c.Body), c.Body)
		must(t, c.Name, err)
		pass := e.v.Callbacks.Reply(events, vendors.Verdict{})
		block := e.v.Callbacks.Reply(events, vendors.Verdict{Block: true, Note: "not here"})
		for _, r := range []vendors.Reply{pass, block} {
			if r.Status/100 != 2 || (len(r.Body) > 0) != (r.ContentType != "") {
				t.Errorf("%s: reply %d %q with %d bytes", c.Name, r.Status, r.ContentType, len(r.Body))
			}
		}
		asks := false
		for _, ev := range c.Want {
			asks = asks || ev.Kind == vendors.EventModeration
		}
		if differ := string(pass.Body) != string(block.Body); differ != asks {
			t.Errorf("%s: asks for a verdict: %t, and the reply depends on it: %t", c.Name, asks, differ)
		}
	}
}
