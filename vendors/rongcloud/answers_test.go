package rongcloud

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"switchboard/vendors"
)

// answering opens the adapter on a server that always answers body.
func answering(t *testing.T, body string) *vendors.Vendor {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	t.Cleanup(srv.Close)
	return open(t, testConfig(srv.URL))
}

// An answer that cannot be decoded leaves a message in doubt that was taken.
func TestReceiptIsReadFromEveryShapeThatServersSend(t *testing.T) {
	for name, c := range map[string]struct{ body, id string }{
		"current":        {`{"code":200,"messageUIDs":[{"userId":"42","messageUID":"5FGT-7VA9-G4DD-4V5P"}]}`, "5FGT-7VA9-G4DD-4V5P"},
		"number for id":  {`{"code":200,"messageUIDs":[{"userId":42,"messageUID":"5FGT-7VA9-G4DD-4V5P"}]}`, "5FGT-7VA9-G4DD-4V5P"},
		"text for code":  {`{"code":"200","messageUIDs":[{"userId":"42","messageUID":"X"}]}`, "X"},
		"older":          {`{"code":200}`, ""},
		"null list":      {`{"code":200,"messageUIDs":null}`, ""},
		"further fields": {`{"code":200,"messageUIDs":[{"userId":"42","messageUID":"X","new":[1]}],"url":"/message"}`, "X"},
	} {
		r, err := answering(t, c.body).Messages.Send(t.Context(), vendors.Message{
			Kind: vendors.ToUsers, From: "1", To: []string{"42"}, Content: vendors.Content{Kind: vendors.Text, Text: "hi"},
		})
		if err != nil || len(r.Targets) != 1 || r.Targets[0] != (vendors.TargetResult{Target: "42", MessageID: c.id}) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestOnlineIsATextOrANumberAndNothingElse(t *testing.T) {
	for body, want := range map[string]bool{
		`{"code":200,"status":"1"}`: true, `{"code":200,"status":1}`: true,
		`{"code":200,"status":"0"}`: false, `{"code":200,"status":0}`: false,
	} {
		if got, err := answering(t, body).Presence.Statuses(t.Context(), []string{"u"}); err != nil || (got[0].State == vendors.PresenceOnline) != want {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
	for _, body := range []string{`{"code":200}`, `{"code":200,"status":"2"}`, `{"code":200,"status":null}`} {
		if _, err := answering(t, body).Presence.Statuses(t.Context(), []string{"u"}); vendors.OutcomeOf(err) != vendors.Ambiguous {
			t.Errorf("%s: %v, want ambiguous", body, err)
		}
	}
}

func TestRoomIsAbsentIdleOrActiveByItsSessionAndMembers(t *testing.T) {
	for body, want := range map[string]vendors.RoomStatus{
		`{"code":200,"roomId":"r","sessionId":"s","members":[{"userId":"a"},{"userId":7}]}`: {ID: "r", Session: "s", State: vendors.RoomActive, Users: 2},
		`{"code":200,"roomId":"r","sessionId":"s","members":[]}`:                            {ID: "r", Session: "s", State: vendors.RoomIdle},
		`{"code":200,"roomId":"r"}`:            {ID: "r", State: vendors.RoomAbsent},
		`{"code":40003,"errorMessage":"none"}`: {ID: "r", State: vendors.RoomAbsent},
	} {
		if got, err := answering(t, body).Rooms.Query.RoomStatus(t.Context(), "r"); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", body, got, err, want)
		}
	}
}

func TestRoomThatAPathOrHeaderCannotCarryIsRefusedBeforeTheCall(t *testing.T) {
	v := open(t, testConfig("http://127.0.0.1:1"))
	for _, room := range []string{"", ".", "..", "a b", "a\r\nX: y", "\x7f"} {
		if err := v.Rooms.Dissolve.DissolveRoom(t.Context(), room); vendors.OutcomeOf(err) != vendors.DefiniteNo {
			t.Errorf("%q: %v", room, err)
		}
	}
}
