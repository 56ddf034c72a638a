package pairing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/app/pairing/ticket"
)

// The keys and defaults of docs/pairing.md#configuration. Its stale_max, skew_max and cmd_data hold for
// the process, not for an app and scene: they are in the environment.
func TestEveryKeyHasItsDefault(t *testing.T) {
	want := map[string]any{
		"enabled": true, "max_rounds": 5, "round_mode": "peer", "ask_ttl": time.Minute, "round_timeout": 30 * time.Second,
		"answer_timeout": 10 * time.Second, "answer_grace": 500 * time.Millisecond, "send_timeout": 2 * time.Second, "send_retries": 1,
		"connect_timeout": 15 * time.Second, "confirm_timeout": 30 * time.Second, "confirm_action": "end", "call_max": 2 * time.Hour,
		"fanout": 1, "progressive_ms": time.Duration(0), "payer": "asker", "strategy": "longest_idle", "top_m": 3, "scan_limit": 64,
		"window_ms": time.Duration(0), "refuse_cooldown": 5 * time.Second, "rna_cooldown": 30 * time.Second, "wrap_up": 3 * time.Second,
		"fail_cooldown": time.Duration(0), "max_rna": 3, "exclude_last": 20, "exclude_ttl": 30 * time.Minute,
		"widen": []time.Duration{10 * time.Second, 20 * time.Second}, "no_candidate": "wait", "no_candidate_after": 20 * time.Second,
		"dup_ask": "return", "ask_while_offered": "refuse", "cross_ask": "fallback", "pool.mode": "auto", "pool.ask_role": "", "pool.answer_role": "",
		"presence_ttl": 2 * time.Minute, "presence_fresh": 20 * time.Second, "activity_ttl": 30 * time.Second, "avail_ttl": 5 * time.Minute,
		"asker_gone_grace": 10 * time.Second, "peer_gone_grace": 5 * time.Second, "offer_gone_grace": 2 * time.Second,
		"vendor_wait": 5 * time.Second, "max_live": 100000, "admission": true, "max_wait": time.Duration(0), "balance.min_like": int64(0), "balance.answerer_min": int64(0),
		"balance.on_error": "deny", "push.extra": true,
	}
	cfg := ticket.DefaultConfig()
	v := reflect.ValueOf(cfg)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if value, ok := want[f.Tag.Get("key")]; ok {
			if got := v.Field(i).Interface(); !reflect.DeepEqual(got, value) {
				t.Errorf("pair.%s is %v, want %v", f.Tag.Get("key"), got, value)
			}
			delete(want, f.Tag.Get("key"))
		}
	}
	if len(want) != 0 {
		t.Errorf("no such keys: %v", want)
	}
}

func TestKeysAreRead(t *testing.T) {
	for values, want := range map[string]string{
		`{"pair.ask_ttl":"30s","pair.fanout":2,"pair.enabled":false,"pair.widen":["1s","2s"],"pair.window_ms":250,"pair.progressive_ms":"1500","pair.send_rate":0.5}`: "",
		`{"pair.fanout":"two"}`:             "pair.fanout",
		`{"pair.fanout":101}`:               "pair.fanout",
		`{"pair.ask_ttl":30}`:               "pair.ask_ttl", // of what?
		`{"pair.strategy":"best"}`:          "pair.strategy",
		`{"pair.nosuch":"1"}`:               "pair.nosuch",
		`{"pair.widen":{}}`:                 "pair.widen",
		`{"pair.ask_ttl":null}`:             "pair.ask_ttl",
		`{"pair.pool.mode":"everybody"}`:    "pair.pool.mode",
		`{"pair.profile.on_error":"maybe"}`: "pair.profile.on_error",
	} {
		var row jsonRow
		err := row.UnmarshalJSON([]byte(values))
		var cfg ticket.Config
		if err == nil {
			cfg, err = ticket.ParseConfig(row)
		}
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, which should name %s", values, err, want)
		case want == "" && (err != nil || cfg.AskTTL != 30*time.Second || cfg.Fanout != 2 || cfg.Enabled || len(cfg.Widen) != 2 ||
			cfg.Window != 250*time.Millisecond || cfg.Progressive != 1500*time.Millisecond || cfg.SendRate != 0.5):
			t.Errorf("%s: %+v %v", values, cfg, err)
		}
	}
}

func TestSourcesAnswerPerAppAndScene(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pair.json")
	rows := `{"a/1":{"pair.fanout":2},"a/*":{"pair.fanout":"3"},"*":{"pair.fanout":4}}`
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query(); q.Get("app") + "/" + q.Get("scene") {
		case "a/1":
			fmt.Fprint(w, `{"pair.fanout":2}`)
		case "a/2":
			fmt.Fprint(w, `{"pair.fanout":"3"}`)
		case "b/1":
			fmt.Fprint(w, `{"pair.fanout":4}`)
		case "c/1":
			w.WriteHeader(http.StatusTeapot)
		default:
			http.NotFound(w, r)
		}
	}))
	defer web.Close()
	at, err := url.Parse(web.URL + "?key=k")
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]Source{"file": File(path), "http": HTTP(http.DefaultClient, at)} {
		for k, want := range map[poolKey]string{{"a", 1}: "2", {"a", 2}: "3", {"b", 1}: "4"} {
			if row, err := source(t.Context(), k.app, k.scene); err != nil || row["pair.fanout"] != want {
				t.Errorf("%s: %v has %v %v, want %s", name, k, row, err, want)
			}
		}
	}
	if _, err := HTTP(http.DefaultClient, at)(t.Context(), "d", 1); !errors.Is(err, ErrNoConfig) {
		t.Errorf("404: %v", err)
	}
	if _, err := HTTP(http.DefaultClient, at)(t.Context(), "c", 1); err == nil || errors.Is(err, ErrNoConfig) || strings.Contains(err.Error(), "key=k") {
		t.Errorf("418: %v", err)
	}
	if _, err := File(path+"?")(t.Context(), "a", 1); err == nil || errors.Is(err, ErrNoConfig) {
		t.Errorf("no file: %v", err)
	}
}

// 200003 only when nothing young enough is known, and a source that fails is
// not waited for at every ask.
func TestTheLastGoodConfigurationHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		values, fails := map[string]string{"pair.fanout": "2"}, error(nil)
		c := &Configs{Refresh: 5 * time.Second, StaleMax: time.Minute, Source: func(context.Context, string, int) (map[string]string, error) {
			asked++
			return values, fails
		}}
		fanout := func(want int, why error) {
			t.Helper()
			cfg, err := c.Get(t.Context(), "a", 1)
			if !errors.Is(err, why) || err == nil && cfg.Fanout != want {
				t.Fatalf("%+v %v, want fan-out %d, %v", cfg, err, want, why)
			}
		}
		fanout(2, nil)
		values = map[string]string{"pair.fanout": "3"}
		fanout(2, nil) // kept
		time.Sleep(5 * time.Second)
		fanout(3, nil)
		for _, broken := range []func(){
			func() { fails = errors.New("down") },
			func() { fails, values = nil, map[string]string{"pair.fanout": "many"} },
		} {
			broken()
			time.Sleep(5 * time.Second)
			before := asked
			for range 10 {
				fanout(3, nil)
			}
			if asked != before+1 {
				t.Fatalf("a failing source is asked %d times within its refresh", asked-before)
			}
		}
		time.Sleep(time.Minute)
		fanout(0, ErrConfig)
		fanout(0, ErrConfig)
		values = map[string]string{}
		time.Sleep(5 * time.Second)
		fanout(1, nil)
		fails = ErrNoConfig
		time.Sleep(5 * time.Second)
		fanout(0, ErrNoConfig)
	})
}

// Y4: the kill switch stops offers although nobody asks anew.
func TestTheKillSwitchStopsOffers(t *testing.T) {
	w := newWorld(t, nil)
	ask := w.ask(1)
	w.settle()
	w.values["pair.enabled"] = "false"
	w.svc.reconfigure(t.Context())
	w.online(2)
	w.pass(time.Second)
	w.wantState(ask, ticket.Searching)
	w.values["pair.enabled"] = "true"
	w.svc.reconfigure(t.Context())
	w.settle()
	w.wantState(ask, ticket.Offered)
}
