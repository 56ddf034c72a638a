package youme

import (
	"encoding/json"
	"errors"
	"testing"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// TestEnvelopeIsReadInEveryForm follows docs/vendors/youme.md#answer and
// docs/vendors/youme.md#spelling.
func TestEnvelopeIsReadInEveryForm(t *testing.T) {
	for _, tc := range []struct {
		body, payload string
		status        int
		outcome       vendors.Outcome
		code          string
		is            error
	}{
		{`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`, "", 200, vendors.OK, "", nil},
		{`{"ActionStatus":"OK"}`, "", 200, vendors.OK, "", nil},
		{`{"ErrorCode":"0"}`, "", 200, vendors.OK, "", nil},
		{`{"AppID":1,"UserList":[]}`, "UserList", 200, vendors.OK, "", nil},
		{`{" ErrorCode ":0," UserList":[]}`, "UserList", 200, vendors.OK, "", nil},
		{`{"AppID":1}`, "UserList", 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`{"AppID":1}`, "", 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`null`, "", 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`{"ActionStatus":"FAIL","ErrorCode":41,"ErrorInfo":"no"}`, "", 200, vendors.DefiniteNo, "41", vendors.ErrUnknownCode},
		{`{"ActionStatus":"OK","ErrorCode":41}`, "", 200, vendors.DefiniteNo, "41", vendors.ErrUnknownCode},
		{`{"ActionStatus":"FAIL","ErrorCode":0}`, "", 200, vendors.DefiniteNo, "FAIL", vendors.ErrUnknownCode},
		{`{"errorcode":"41","UserList":[]}`, "UserList", 200, vendors.DefiniteNo, "41", vendors.ErrUnknownCode},
		{`{"ActionStatus":"FAIL","ErrorCode":78}`, "", 200, vendors.AuthFault, "78", nil}, // named in the configuration
		{`{"ErrorCode":0}`, "", 502, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`<html>`, "", 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
	} {
		wantVerdict(t, tc.body, check(upstream.Answer{Status: tc.status, Body: []byte(tc.body)}, tc.payload, []string{"77", "78"}), tc.outcome, tc.code, tc.is)
	}
}

func TestIdentityHasCodesOfItsOwn(t *testing.T) {
	for _, tc := range []struct {
		body    string
		outcome vendors.Outcome
		code    string
		is      error
	}{
		{`{"ChannelID":"1","UserID":"u","ResponetId":5,"Code":0}`, vendors.OK, "", nil},
		{`{"ActionStatus":"OK","ErrorCode":0,"code":0}`, vendors.OK, "", nil},
		{`{"code":"401"}`, vendors.DefiniteNo, "401", vendors.ErrNotFound},
		{`{"Code":402}`, vendors.DefiniteNo, "402", vendors.ErrNotFound},
		{`{"Code":403}`, vendors.DefiniteNo, "403", vendors.ErrConflict},
		{`{"Code":500}`, vendors.Ambiguous, "500", nil},
		{`{"Code":777}`, vendors.DefiniteNo, "777", vendors.ErrUnknownCode},
		{`{"ActionStatus":"FAIL","ErrorCode":9,"Code":0}`, vendors.DefiniteNo, "9", vendors.ErrUnknownCode},
		{`{"ChannelID":"1"}`, vendors.Ambiguous, "", vendors.ErrUnreadable},
	} {
		wantVerdict(t, tc.body, checkIdentity(upstream.Answer{Status: 200, Body: []byte(tc.body)}, nil), tc.outcome, tc.code, tc.is)
	}
}

func wantVerdict(t *testing.T, body string, err error, outcome vendors.Outcome, code string, is error) {
	t.Helper()
	var e *vendors.Error
	switch {
	case errors.As(err, &e):
		if e.Outcome != outcome || e.Code != code {
			t.Errorf("%s: %s, code %q", body, e.Outcome, e.Code)
		}
	case (err == nil) != (outcome == vendors.OK):
		t.Errorf("%s: %v", body, err)
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("%s: %v is not %v", body, err, is)
	}
}

func TestOfTwoKeysThatAreTheSameOneCountsAlways(t *testing.T) {
	for range 50 {
		var r record
		if err := json.Unmarshal([]byte(`{"Code":1," Code":2,"code":3}`), &r); err != nil {
			t.Fatal(err)
		}
		if got := r.text("CODE"); got != "3" {
			t.Fatalf("read %q", got)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"ActionStatus":"OK","ErrorCode":0,"UserList":[{" UserID":"u#1"}]}`, `{"Status":1}`, `{"Status":[{"ChannelID":"c"}]}`,
		`{"Code":0}`, `{"ErrorCode":"x"}`, `null`, `[]`, `<html>`, `{"UserList":[null]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := upstream.Answer{Status: 200, Body: body}
		for _, err := range []error{check(answer, "UserList", nil), checkIdentity(answer, nil)} {
			var e *vendors.Error
			if errors.As(err, &e) && (e.Code == "" || e.Code == "0" || e.Outcome == vendors.OK) {
				t.Errorf("%q: a failure with code %q and outcome %s", body, e.Code, e.Outcome)
			}
		}
		var r record
		if json.Unmarshal(body, &r) == nil {
			_, _ = userIDs(r)
			_, _ = r.list("Status")
			_ = r.count("Status")
		}
	})
}
