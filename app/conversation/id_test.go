package conversation

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMessageIDsFollowTheVectors(t *testing.T) {
	for _, v := range []struct {
		ms      int64
		counter int64
		kind    int
		conv    string
		want    string
	}{
		{1697986744068, 1, 0, "87ba7679-b682-47e7-8499-0385dda22b66", "EDCZL-SY32-243Y-VWQ"},
		{1698119710632, 1, 3, "conv-a", "EDDZB-9HC2-24GG-QQP"},
	} {
		if got := MessageID(Tick(v.ms<<12|v.counter), v.kind, v.conv); got != v.want {
			t.Errorf("%d, %d, %d, %s: got %s, want %s", v.ms, v.counter, v.kind, v.conv, got, v.want)
		}
	}
}

func TestTextOrderOfMessageIDsIsTickOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ticks := rapid.Int64Range(0, 1<<54-1)
		a, b := Tick(ticks.Draw(t, "a")), Tick(ticks.Draw(t, "b"))
		kinds, convs := rapid.IntRange(0, 15), rapid.String()
		ida := MessageID(a, kinds.Draw(t, "kind a"), convs.Draw(t, "conv a"))
		idb := MessageID(b, kinds.Draw(t, "kind b"), convs.Draw(t, "conv b"))
		if !ValidMessageID(ida) || !ValidMessageID(idb) {
			t.Fatalf("invalid: %s %s", ida, idb)
		}
		if a < b && ida >= idb || a > b && ida <= idb {
			t.Fatalf("ticks %d, %d gave %s, %s", a, b, ida, idb)
		}
	})
}

func TestTheCounterBorrowsFromTheNextMillisecond(t *testing.T) {
	at := time.UnixMilli(1700000000000).UTC()
	if got := (TickAt(at) + 4096).Time(); got != at.Add(time.Millisecond) {
		t.Errorf("got %v", got)
	}
}

func TestWhatIsNoMessageIDIsRefused(t *testing.T) {
	for _, id := range []string{"", "EDCZL-SY32-243Y-VW", "EDCZL-SY32-243Y-VWQQ", "EDCZL-SY32-243Y-VW1", "EDCZLSSY32-243Y-VWQ", "edczl-sy32-243y-vwq"} {
		if ValidMessageID(id) {
			t.Errorf("%q was taken", id)
		}
	}
}
