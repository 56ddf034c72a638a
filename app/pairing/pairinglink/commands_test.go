package pairinglink

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

func TestCommandsCarryMoreOnlyWhereTheConfigurationSaysSo(t *testing.T) {
	c := pairing.Command{AskNo: "1", Asker: 7, Round: 2, Name: ticket.CommandDispatch, Scene: 1, TTL: time.Second}
	for extra, want := range map[bool][]string{false: {"ask_no", "ask_uid", "round_no"}, true: {"ask_no", "ask_uid", "round_no", "scene", "ttl_ms"}} {
		c.Extra = extra
		raw, err := commandData(c)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, want) {
			t.Errorf("extra %v: %v", extra, keys)
		}
	}
}
