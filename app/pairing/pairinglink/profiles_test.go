package pairinglink

import (
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/vendors/upstream"
)

// businessServer answers in place of a network, so that time in its tests is synctest's.
type businessServer struct {
	asked int
	down  bool
}

func (b *businessServer) RoundTrip(*http.Request) (*http.Response, error) {
	b.asked++
	if b.down {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"blocked":[9,"3"]}`))}, nil
}

func TestProfilesAreKeptAndTheServerIsLeftAloneWhileItIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const address = "https://business.example"
		business := &businessServer{}
		cache := upstream.NewCache[pairing.Profile]("business", "pairing.profile", time.Minute, 10)
		cache.Stale = time.Hour
		p := newProfiles(ProfileConfig{URL: address}, &http.Client{Transport: business}, cache.Get, slog.New(slog.DiscardHandler))
		want := pairing.Profile{Blocked: []ticket.UID{3, 9}}
		for range 10 {
			if got, err := p.get(t.Context(), "a", 1); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v %v", got, err)
			}
		}
		if business.asked != 1 {
			t.Fatalf("asked %d times in one life", business.asked)
		}
		business.down = true
		time.Sleep(time.Minute + time.Second)
		before := business.asked
		for range 10 {
			if got, err := p.get(t.Context(), "a", 1); err != nil || len(got.Blocked) != 2 {
				t.Fatalf("the last answer does not hold: %+v %v", got, err)
			}
			if _, err := p.get(t.Context(), "a", 2); err == nil || strings.Contains(err.Error(), address) {
				t.Fatalf("of whom nothing is known: %v", err)
			}
		}
		if n := business.asked - before; n > 2 { // once for each
			t.Fatalf("asked %d times within a second of not being reached", n)
		}
	})
}

func TestProfilesThatCannotBeRead(t *testing.T) {
	for _, body := range []string{"", "[]", `{"blocked":["bob"]}`, `{"blocked":[0]}`, `{"blocked":{}}`, `{"role":7}`} {
		if got, err := readProfile(strings.NewReader(body)); err == nil {
			t.Errorf("%q is read as %+v", body, got)
		}
	}
}
