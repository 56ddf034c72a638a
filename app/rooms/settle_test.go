package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"switchboard/vendors"
)

// hall is what a vendor shows of one room after a write.
type hall struct {
	state vendors.RoomState
	users []string
	err   error // of every call
}

func (h *hall) RoomStatus(_ context.Context, room string) (vendors.RoomStatus, error) {
	return vendors.RoomStatus{ID: room, State: h.state}, h.err
}

func (h *hall) RoomUsers(context.Context, string) ([]string, error) { return h.users, h.err }

func TestAWriteInDoubtIsSettledByWhatIsSeenAlone(t *testing.T) {
	absent := vendors.Refuse("acme", "rooms", vendors.ErrNotFound, "")
	for _, c := range []struct {
		name    string
		op      string
		change  Change
		hall    hall
		settled bool
	}{
		{"the room is gone", vendors.OpRoomDissolve, Change{Room: "r"}, hall{state: vendors.RoomAbsent}, true},
		{"the room is there", vendors.OpRoomDissolve, Change{Room: "r"}, hall{state: vendors.RoomIdle}, false},
		{"the vendor is down", vendors.OpRoomDissolve, Change{Room: "r"}, hall{state: vendors.RoomAbsent, err: errors.New("down")}, false},
		{"the user is gone", vendors.OpRoomKick, Change{Room: "r", Users: []string{"u"}}, hall{users: []string{"v"}}, true},
		{"the user is there", vendors.OpRoomKick, Change{Room: "r", Users: []string{"u"}}, hall{users: []string{"v", "u"}}, false},
		{"the user's room is gone", vendors.OpRoomKick, Change{Room: "r", Users: []string{"u"}}, hall{err: absent}, true},
		{"kept out for a while", vendors.OpRoomKick, Change{Room: "r", Users: []string{"u"}, Seconds: 60}, hall{}, false},
	} {
		h := c.hall
		routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "acme", Rooms: vendors.Rooms{Query: &h}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(c.change)
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(routes, nil).Recipes()[c.op](t.Context(), "app", "acme", time.Now(), payload, nil)
		if (err == nil) != c.settled {
			t.Errorf("%s: %v", c.name, err)
		}
		// A definite no would end the entry: what refuses to be asked says nothing of the write.
		if err != nil && vendors.OutcomeOf(err) == vendors.DefiniteNo {
			t.Errorf("%s: settled as refused: %v", c.name, err)
		}
	}
}

func TestNothingThatCannotBeReadBackHasARecipe(t *testing.T) {
	recipes := New(nil, nil).Recipes()
	for _, op := range []string{vendors.OpRoomPush, vendors.OpRoomData, vendors.OpRoomMute} {
		if recipes[op] != nil {
			t.Errorf("%s would be settled", op)
		}
	}
	if _, err := recipes[vendors.OpRoomKick](t.Context(), "app", "acme", time.Now(), []byte("nonsense"), nil); err == nil {
		t.Error("what cannot be read is settled")
	}
}
