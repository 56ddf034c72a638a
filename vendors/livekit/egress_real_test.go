package livekit_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"switchboard/vendors"
	"switchboard/vendors/livekit"
	"switchboard/vendors/livekit/livekittest"
	"switchboard/vendors/upstream"
)

// recorderAt is a server with a room, and an adapter whose account is said to record.
func recorderAt(t *testing.T, opt livekittest.Options) *vendors.Vendor {
	t.Helper()
	server := livekittest.Start(t, opt)
	cfg := livekit.Config{APIKey: livekittest.Key, APISecret: livekittest.Secret, BaseURL: server.URL, Egress: true, RecordingPath: "recordings/{room_name}"}
	v, err := livekit.Open("livekit", cfg, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	deployment{Server: server, room: "stage"}.ask(t, "CreateRoom", `"roomCreate":true`, map[string]string{"name": "stage"}, nil)
	return v
}

// allStart has many ask for a recording at once, and returns what each was told.
func allStart(t *testing.T, v *vendors.Vendor, many int) []error {
	t.Helper()
	told := make([]error, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			_, told[i] = v.Rooms.Recorder.StartRecording(t.Context(), vendors.Recording{Room: "stage", Audio: true})
		})
	}
	all.Wait()
	return told
}

// breakersAreClosed reads and writes at the server, which is not away.
func breakersAreClosed(t *testing.T, v *vendors.Vendor) {
	t.Helper()
	if s, err := v.Rooms.Query.RoomStatus(t.Context(), "stage"); err != nil || s.State != vendors.RoomIdle {
		t.Errorf("the room: %+v, %v", s, err)
	}
	if err := v.Rooms.Dissolve.DissolveRoom(t.Context(), "stage"); err != nil {
		t.Errorf("the room's end: %v", err)
	}
}

// A server without Redis cannot record: that is told at once and clearly, and twelve who
// ask for it close nothing to the others.
func TestAServerThatCannotRecordSaysSoAndIsNotAway(t *testing.T) {
	t.Parallel()
	v := recorderAt(t, livekittest.Options{})
	for _, err := range allStart(t, v, 12) {
		mustRefuse(t, "a recording", err)
	}
	_, err := v.Rooms.Recorder.Recordings(t.Context(), "stage")
	mustRefuse(t, "the recordings", err)
	_, err = v.Rooms.Recorder.StopRecording(t.Context(), "EG_none")
	mustRefuse(t, "the end of one", err)
	breakersAreClosed(t, v)
}

func mustRefuse(t *testing.T, what string, err error) {
	t.Helper()
	if vendors.OutcomeOf(err) != vendors.DefiniteNo {
		t.Errorf("%s: %v, which is %s", what, err, vendors.OutcomeOf(err))
	}
}

// A server with Redis and no egress service behind it takes recordings that nobody makes:
// what became of one is not known, and the server is not away for that.
func TestARecordingThatNobodyTakesUpIsNoOutage(t *testing.T) {
	t.Parallel()
	redis, given := strings.CutPrefix(os.Getenv("SWITCHBOARD_TEST_REDIS"), "redis://")
	if !given {
		t.Skip("SWITCHBOARD_TEST_REDIS names no server")
	}
	v := recorderAt(t, livekittest.Options{Redis: redis})
	if list, err := v.Rooms.Recorder.Recordings(t.Context(), "stage"); err != nil || len(list) != 0 {
		t.Fatalf("recordings of none: %v, %v", list, err)
	}
	for _, err := range allStart(t, v, 12) {
		if outcome := vendors.OutcomeOf(err); outcome != vendors.Ambiguous && outcome != vendors.DefiniteNo {
			t.Errorf("%v, which is %s", err, outcome)
		}
	}
	breakersAreClosed(t, v)
}
