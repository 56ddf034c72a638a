package mock_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"switchboard/mocks/mock"
)

func TestTheJournalForgetsTheOldestAndSaysSo(t *testing.T) {
	r := start(t)
	for range 3 {
		if _, _, err := r.add(); err != nil {
			t.Fatal(err)
		}
	}
	j := r.toy.Journal
	err := j.Expect(mock.Filter{User: "ann"}, 2)
	if err == nil || strings.Count(err.Error(), "coin.add") != 3 {
		t.Fatal(err)
	}
	if j.Count(mock.Filter{Since: 2}) != 1 || j.Count(mock.Filter{Text: "amount=1"}) != 3 || j.Count(mock.Filter{User: "bob"}) != 0 {
		t.Fatal("filters")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if j.Wait(ctx, mock.Filter{}, 4) == nil {
		t.Fatal("waited for nothing")
	}
}

func TestTheJournalIsBounded(t *testing.T) {
	r := start(t)
	for range 2001 {
		req := httptest.NewRequest("POST", "/coin/add", strings.NewReader("user=ann&amount=1"))
		req.Header.Set("key", "k")
		r.engine.ServeHTTP(httptest.NewRecorder(), req)
	}
	kept := r.toy.Journal.Find(mock.Filter{})
	if len(kept) != 1501 || kept[0].Seq != 501 || kept[1500].Seq != 2001 {
		t.Fatal(len(kept), kept[0].Seq)
	}
	if err := r.toy.Journal.Expect(mock.Filter{User: "bob"}, 1); err == nil || !strings.Contains(err.Error(), "500 older ones are forgotten") {
		t.Fatal(err)
	}
}
