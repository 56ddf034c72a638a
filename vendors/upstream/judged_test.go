package upstream

import (
	"net/http"
	"testing"

	"switchboard/vendors"
)

// judgedOut says in its answer how it went.
type judgedOut struct {
	Outcome vendors.Outcome `json:"outcome"`
	Coins   int             `json:"coins"`
}

func (o *judgedOut) Judge(Answer) error {
	if o.Outcome != vendors.OK {
		return &vendors.Error{Outcome: o.Outcome}
	}
	return nil
}

func TestResultWithAVerdictIsJudgedByIt(t *testing.T) {
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
			neverAsked := func(Answer) error { t.Error("Check was asked"); return nil }
			outcomeIs(t, client.Do(t.Context(), post(neverAsked), &judgedOut{}), c.want)
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
	var out judgedOut
	if err := client.Do(t.Context(), get(nil), &out); err != nil || out.Coins != 0 || len(bodies) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
}
