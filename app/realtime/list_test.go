package realtime

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAPlaceHasTheNameAndThePlatformOfItsDevice(t *testing.T) {
	for _, tc := range []struct {
		dialect  Dialect
		id       string
		device   string
		platform int
	}{
		{Gateway, "1", "1", 1}, {Gateway, "12#ABC", "12", 12}, {Gateway, "1/phone", "phone", 1}, {Gateway, "3/a/b#c", "a/b#c", 3}, {Gateway, "9/7", "7", 9},
		{Socket, "desk", "desk", 0}, {Socket, "1/phone", "1/phone", 0},
	} {
		k := Key{User{"a", "ann"}, tc.dialect, tc.id}
		if k.Device() != tc.device || k.Platform() != tc.platform {
			t.Errorf("%s: %q, %d", tc.id, k.Device(), k.Platform())
		}
		if !k.of(Device{k.User, tc.device}) || k.of(Device{User{"b", "ann"}, tc.device}) {
			t.Errorf("%s is not its user's alone", tc.id)
		}
	}
}

func TestTheLatestSessionsOfOneUserAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, newMemory(), nil)
		for _, id := range []string{"1", "2", "3"} {
			connect(t, h, key("bob", id), nil)
			time.Sleep(time.Second)
		}
		connect(t, h, key("eve", "1"), nil)
		list, total := h.ListOf(key("bob", "").User, 2)
		if total != 3 || len(list) != 2 || list[0].Key.DeviceID != "3" || list[1].Key.DeviceID != "2" {
			t.Errorf("%d: %+v", total, list)
		}
		if list, total := h.ListOf(User{"b", "bob"}, 2); len(list)+total != 0 {
			t.Errorf("of another app: %+v", list)
		}
	})
}
