package upstream

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/vendors"
)

// A vendor that says of an absent room, after a wait of its own, that it is away.
func TestAFailureAboutWhatTheCallNamesIsTheBreakersOnlyWhenItIsBlamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, attempts := counted(func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return answer(r, http.StatusServiceUnavailable, "")
		})
		client := open(t, Config{}, away)
		call := post(nil)
		call.Slow, call.Idempotent = 4*time.Second, true
		call.Object = func(e *vendors.Error) bool { return e.Outcome == vendors.Ambiguous }
		var fault *vendors.Error
		for range 2 * breakerRun {
			err := client.Do(t.Context(), call, nil)
			outcomeIs(t, err, vendors.Ambiguous)
			fault, _ = err.(*vendors.Error)
		}
		if got := attempts.Load(); got != 2*breakerRun {
			t.Errorf("%d attempts of %d calls: the vendor was asked again", got, 2*breakerRun)
		}
		if b := breakerState(client, Write); b.State != "closed" {
			t.Errorf("the breaker is %s: %s", b.State, b.Reason)
		}
		for range breakerRun {
			client.Blame(Write, fault)
		}
		if b := breakerState(client, Write); b.State != "open" || b.Reason == "" {
			t.Errorf("blamed %d times the breaker is %s: %q", breakerRun, b.State, b.Reason)
		}
		// Back again, it is only asked about what is not there: each such answer shows
		// that it is back, and the breaker closes by those alone.
		for end := time.Now().Add(time.Hour); breakerState(client, Write).State != "closed" && time.Now().Before(end); time.Sleep(time.Second) {
			if err := client.Do(t.Context(), call, nil); vendors.OutcomeOf(err) == vendors.Ambiguous {
				client.Absolve(Write)
			}
		}
		if b := breakerState(client, Write); b.State != "closed" {
			t.Errorf("absolved again and again the breaker is %s", b.State)
		}
	})
}

func TestAVendorThatRepeatsOurTokenDoesNotPutItIntoErrors(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrIn0.7DTXnXzL986TfNEYP_NmofFlueyhOWwUdUSLFzxk2rI"
	client := open(t, Config{}, func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusUnauthorized, "") })
	err := client.Do(t.Context(), get(func(Answer) error {
		return &vendors.Error{Outcome: vendors.AuthFault, Text: "invalid token: " + token + ", error: expired"}
	}), nil)
	if text := err.Error(); strings.Contains(text, "eyJ") || !strings.Contains(text, "invalid token: [token], error: expired") {
		t.Error(text)
	}
}

func TestAKeptAnswerTellsWhenItWasGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := open(t, Config{}, func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusOK, `{}`) })
		ask := func() (at time.Time) {
			call := get(nil)
			call.Keep, call.Asked = time.Minute, &at
			var out struct{}
			if err := client.Do(t.Context(), call, &out); err != nil {
				t.Fatal(err)
			}
			return at
		}
		first := ask()
		time.Sleep(30 * time.Second)
		if again := ask(); !again.Equal(first) || time.Since(again) < 30*time.Second {
			t.Errorf("first %s, again %s", first, again)
		}
	})
}
