package upstream

import (
	"net/http"
	"testing"

	"switchboard/vendors"
)

// coins is a result beside what its answer says of how it went.
type coins struct {
	Coins int `json:"coins"`
}

// byOutcome reads the outcome that the answer names.
func byOutcome(a Answer) error {
	var v struct {
		Outcome vendors.Outcome `json:"outcome"`
	}
	switch err := a.Decode(&v); {
	case err != nil:
		return err
	case v.Outcome != vendors.OK:
		return &vendors.Error{Outcome: v.Outcome}
	}
	return nil
}

func TestVerdictCountsBeforeTheResultIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want vendors.Outcome
	}{
		"done":                                {`{"outcome":0,"coins":5}`, vendors.OK},
		"refused":                             {`{"outcome":1}`, vendors.DefiniteNo},
		"refused beside what cannot be read":  {`{"coins":"none","outcome":1}`, vendors.DefiniteNo},
		"done and the result cannot be read":  {`{"coins":"none","outcome":0}`, vendors.Ambiguous},
		"no JSON":                             {`<html>`, vendors.Ambiguous},
		"refused with more behind the object": {`{"outcome":1} {}`, vendors.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, Config{}, func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusOK, c.body) })
			outcomeIs(t, client.Do(t.Context(), post(byOutcome), &coins{}), c.want)
		})
	}
}

// Money: what a failed attempt left in the result must not stand in a good one.
func TestRepeatBeginsWithAnEmptyResult(t *testing.T) {
	bodies := []string{`{"outcome":5,"coins":7}`, `{"outcome":0}`}
	client := open(t, Config{}, func(r *http.Request) (*http.Response, error) {
		body := bodies[0]
		bodies = bodies[1:]
		return answer(r, http.StatusOK, body)
	})
	var out coins
	if err := client.Do(t.Context(), get(byOutcome), &out); err != nil || out.Coins != 0 || len(bodies) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
}
