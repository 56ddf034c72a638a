package linkv

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// However changes are ordered, repeated and refused, a balance is the sum of
// what was answered with 200 for the first time.
func TestBalancesAreTheSumOfWhatWasApplied(t *testing.T) {
	r := start(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		openID := r.Register(fmt.Sprintf("user%d", n))
		want := int64(1000)
		applied := map[string]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			id := fmt.Sprintf("r%d-%d", n, rapid.IntRange(1, 4).Draw(rt, "id"))
			kind := rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "kind")
			value := rapid.Int64Range(1, 900).Draw(rt, "value")
			content := kind + "/" + strconv.FormatInt(value, 10)
			delta := value
			if kind == "2" {
				delta = -value
			}
			code := codeOK
			switch earlier, again := applied[id]; {
			case again && earlier != content:
				code = codeRequestID
			case again:
			case want+delta < 0:
				code = codeInsufficient
			default:
				applied[id] = content
				want += delta
			}
			a := r.live("/open/finanv0/changeGold", "uid", openID, "request_id", id, "type", kind, "value", strconv.FormatInt(value, 10))
			if a.code() != code || r.Balance(openID) != want {
				rt.Fatalf("%s %s: %v, balance %d, want %s and %d", id, content, a, r.Balance(openID), code, want)
			}
		}
	})
}

func TestTwentyClientsWithOneRequestIDMoveTheCoinsOnce(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	bodies := make([]string, 20)
	for i := range bodies {
		bodies[i] = signed(r.Clock.Now(), "uid", openID, "request_id", "one", "type", "2", "value", "600").Encode()
	}
	var all sync.WaitGroup
	for _, body := range bodies {
		all.Go(func() {
			res, err := r.client.Post(r.url+"/open/finanv0/changeGold", "application/x-www-form-urlencoded", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			if res.StatusCode != http.StatusOK {
				t.Error(res.Status)
			}
			res.Body.Close()
		})
	}
	all.Wait()
	if got := r.Balance("ann"); got != 400 {
		t.Fatal(got)
	}
}

func BenchmarkACoinQuery(b *testing.B) {
	m, err := New(Config{Account: testAccount})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	form := signed(m.Default().Clock.Now(), "uid", m.Default().Register("ann")).Encode()
	for b.Loop() {
		if w := sent(m, "/open/finanv0/getUserTokens", "", form, nil); !strings.Contains(w.Body.String(), `"200"`) {
			b.Fatal(w.Body)
		}
	}
}
