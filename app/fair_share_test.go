package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// One client that translates new texts in a loop leaves a client of another app its
// turns, although both use one vendor account. The short deadline makes a turn that
// comes late a refusal.
func TestOneClientCannotTakeAVendorsRateFromOthers(t *testing.T) {
	t.Parallel()
	p := start(t, func(c *Config) { c.Apps, c.Deadline = twoApps(), 3*time.Second })
	greedy := map[string]string{"Authorization": "Bearer " + p.tokenIn(t, "strict", "greedy")}
	calm := map[string]string{"Authorization": "Bearer " + p.tokenIn(t, "open", "calm")}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var loops sync.WaitGroup
	var rounds atomic.Int64
	for loop := range 8 {
		loops.Go(func() {
			for ctx.Err() == nil {
				var texts []string
				round := rounds.Add(1)
				for i := range 200 {
					texts = append(texts, fmt.Sprintf(`"text %d of loop %d in round %d"`, i, loop, round))
				}
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/api/v1/translate/action", strings.NewReader(`{"text":[`+strings.Join(texts, ",")+`],"short":"zh"}`))
				req.Header.Set("Authorization", greedy["Authorization"])
				req.Header.Set("Content-Type", "application/json")
				if res, err := p.client.Do(req); err == nil {
					res.Body.Close()
				}
			}
		})
	}
	// The rate is in use when a head room is shown that is used up.
	for end := time.Now().Add(60 * time.Second); !usedUp(get(t, p.URL+"/metrics")); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the loop did not use up the vendor's rate")
		}
	}
	began := time.Now()
	for i := range 10 {
		got := p.do(t, request{Path: "/api/v1/translate/action", Header: calm, Body: fmt.Sprintf(`{"text":["good morning %d"],"short":"zh"}`, i)})
		if got.Status != http.StatusOK || got.Code != 0 {
			t.Errorf("request %d: %d %s", i, got.Status, got.Body)
		}
	}
	took := time.Since(began)
	if metrics := get(t, p.URL+"/metrics"); !usedUp(metrics) {
		t.Error("the loop left room, so nothing was held")
	}
	stop()
	loops.Wait()
	t.Logf("%d rounds of 200 texts meanwhile, 10 of the others in %v", rounds.Load(), took)
}

func usedUp(metrics string) bool {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "switchboard_vendor_head_room_units{") && strings.Contains(line, `op="translate`) {
			var room float64
			_, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &room)
			return err == nil && room < 1
		}
	}
	return false
}
