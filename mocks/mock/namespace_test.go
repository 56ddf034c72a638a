package mock_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/mocks/mock"
)

func TestNamespacesShareNothing(t *testing.T) {
	r := start(t)
	other, err := r.engine.Create("other", map[string]string{"key": "k2"})
	if err != nil {
		t.Fatal(err)
	}
	other.Clock.Advance(time.Hour)
	other.Faults.Next("", 1, mock.Action{Kind: mock.Status, Status: 500})
	if _, _, err := r.add(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{500, 200} {
		if res, _, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", "k2"); err != nil || res.StatusCode != want {
			t.Fatal(res, err)
		}
	}
	if r.toy.total() != 1 || other.total() != 1 || r.toy.Journal.Count(mock.Filter{}) != 1 || other.Journal.Count(mock.Filter{}) != 2 {
		t.Fatal("namespaces are mixed up")
	}
	if e, _ := other.Journal.Last(mock.Filter{}); time.Until(e.At) < 59*time.Minute {
		t.Fatal("the clock of the other namespace did not move: ", e.At)
	}
	if _, err := r.engine.Create("third", map[string]string{"key": "k2"}); err == nil {
		t.Fatal("two namespaces have one key")
	}
	if _, body, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", "k2"); err != nil || !strings.Contains(body, "200") {
		t.Fatal(body, err)
	}
	if !r.engine.Delete("other") || r.engine.Delete("other") || r.engine.Delete(mock.DefaultNamespace) {
		t.Fatal("delete")
	}
	if _, body, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", "k2"); err != nil || !strings.Contains(body, "kind8") {
		t.Fatal("the credentials of a deleted namespace still open something: ", body, err)
	}
}

func TestManyClientsInManyNamespacesDoNotDisturbEachOther(t *testing.T) {
	r := start(t)
	var all sync.WaitGroup
	for i := range 4 {
		key := fmt.Sprintf("many%d", i)
		space, err := r.engine.Create(key, map[string]string{"key": key})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			if _, err := space.Faults.Add(mock.Match{Every: 5}, mock.Action{Kind: mock.Status, Status: 500}); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			all.Go(func() {
				for range 20 {
					if _, _, err := r.send("POST", "/coin/add", "user=ann&amount=1", "key", key); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	for i, want := range []int{60, 48, 60, 48} {
		space, _ := r.engine.State(fmt.Sprintf("many%d", i))
		if got := space.total(); got != want {
			t.Errorf("namespace %d: %d, want %d", i, got, want)
		}
	}
}
