package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"switchboard/app/access"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
	mockrong "switchboard/mocks/rongcloud"
)

// Two replicas on one store without a bus: a dispatch reaches whom it is for although
// their socket is at the other replica, over the messages route, and both say that they
// are not alone.
func TestTwoReplicasWithoutABusSayItAndReachTheOthersPeople(t *testing.T) {
	for name, open := range map[string]func(testing.TB) sqldb.Config{"postgres": sqldbtest.Postgres, "mysql": sqldbtest.MySQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rong, store := startRong(t, "secret"), on(open(t), "")
			replica := func() *process {
				return start(t, func(c *Config) {
					store(c)
					c.AdminKey, c.Apps = sandboxAdmin, access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret}}
					c.RongCloud.AppKey, c.RongCloud.AppSecret, c.RongCloud.BaseURL = "app", "secret", rong.URL
				})
			}
			here, there := replica(), replica()
			asker := here.as(t, "73")
			candidate := there.as(t, "74")
			rong.Default().AddUser("74", "74")
			socket, frames := there.dial(t, "/notify?protoc=ws&token="+candidate["Authorization"][len("Bearer "):]), &syncBuffer{}
			go func() {
				for {
					_, frame, err := socket.ReadMessage()
					if err != nil {
						return
					}
					_, _ = frames.Write(frame)
				}
			}()
			byVendor := func(ask string) bool {
				return slices.ContainsFunc(rong.Default().Inbox("74"), func(m mockrong.Delivery) bool { return strings.Contains(m.Content, ask) })
			}
			for over := false; !over; { // either replica may find the candidate
				var ask string
				until(t, "the ask is taken", func() bool {
					var asked struct {
						AskNo string `json:"ask_no"`
					}
					_ = json.Unmarshal(here.pair(t, asker, "pair/ask", nil).Data, &asked) // at first the rate may be too high
					ask = asked.AskNo
					return ask != ""
				})
				until(t, "the dispatch has come, by the socket or the vendor", func() bool {
					over = byVendor(ask)
					return over || strings.Contains(frames.String(), ask)
				})
				here.pair(t, asker, "pair/cancel", map[string]any{"ask_no": ask})
			}
			for _, p := range []*process{here, there} {
				for deadline := time.Now().Add(time.Minute); !strings.Contains(p.Log.String(), "there is no bus"); time.Sleep(50 * time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatal("nobody says that there is no bus")
					}
				}
				if got := string(p.do(t, request{Method: "GET", Path: "/metrics"}).Body); !strings.Contains(got, "\nswitchboard_replicas_without_bus 1\n") {
					t.Error("the metric does not tell of one other")
				}
			}
		})
	}
}
