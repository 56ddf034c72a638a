package vendors

import (
	"fmt"
	"testing"
)

func journal(outcomes ...Outcome) *Journal {
	j := &Journal{}
	for _, o := range outcomes {
		j.Add(Step{Vendor: "acme", Outcome: o})
	}
	return j
}

func TestRequestsThatWentWellDoNotWashOutTheOthers(t *testing.T) {
	var r RequestLog
	r.Keep("nothing was asked", "/", journal())
	r.Keep("bad", "/", journal(OK, NotSent, OK))
	for i := range recentRequests + 1 {
		r.Keep(fmt.Sprint("good-", i), "/", journal(OK))
	}
	for request, want := range map[string]int{"nothing was asked": 0, "bad": 1, "good-0": 0, "good-1": 1, fmt.Sprint("good-", recentRequests): 1} {
		if got := r.Find(request); len(got) != want {
			t.Errorf("%s: %d found, want %d", request, len(got), want)
		}
	}
	r.Keep("good-1", "/again", journal(Throttled))
	if got := r.Find("good-1"); len(got) != 2 || got[0].Route != "/" || got[1].Route != "/again" {
		t.Errorf("an id that was used twice: %+v", got)
	}
}
