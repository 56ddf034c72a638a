package linkv

import (
	"encoding/json"
	"errors"
	"testing"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// TestVerdictIsReadInEveryFormThatLinkVAnswers follows the table of
// docs/vendors/linkv.md#text-or-number.
func TestVerdictIsReadInEveryFormThatLinkVAnswers(t *testing.T) {
	for _, tc := range []struct {
		body    string
		status  int
		outcome vendors.Outcome
		code    string
		is      error
	}{
		{`{"code":"200"}`, 200, vendors.OK, "", nil},
		{`{"code":200}`, 200, vendors.OK, "", nil},
		{`{"status":"200","msg":""}`, 200, vendors.OK, "", nil},
		{`{"status":200,"data":[]}`, 200, vendors.OK, "", nil},
		{`{"code":200,"status":"200","requestID":"r"}`, 200, vendors.OK, "", nil},
		{`{"status":"403","msg":"sign err","data":[]}`, 200, vendors.AuthFault, "403", nil},
		{`{"code":403}`, 200, vendors.AuthFault, "403", nil},
		{`{"code":"401"}`, 200, vendors.AuthFault, "401", nil},
		{`{"code":602}`, 200, vendors.AuthFault, "602", nil},
		{`{"code":"400","msg":"userId"}`, 200, vendors.DefiniteNo, "400", vendors.ErrInvalid},
		{`{"code":500}`, 200, vendors.Ambiguous, "500", nil},
		{`{"status":"7001","msg":"tokens"}`, 200, vendors.DefiniteNo, "7001", vendors.ErrUnknownCode},
		{`{"code":200,"status":"403"}`, 200, vendors.AuthFault, "403", nil}, // the bad one counts
		{`{"msg":"ok"}`, 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`{}`, 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`[]`, 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`<html>502</html>`, 200, vendors.Ambiguous, "", vendors.ErrUnreadable},
		{`{"code":200}`, 502, vendors.Ambiguous, "", vendors.ErrUnreadable}, // a proxy's, not LinkV's
	} {
		err := check(upstream.Answer{Status: tc.status, Body: []byte(tc.body)})
		var e *vendors.Error
		switch {
		case errors.As(err, &e):
			if e.Outcome != tc.outcome || e.Code != tc.code {
				t.Errorf("%s: %s, code %q", tc.body, e.Outcome, e.Code)
			}
		case (err == nil) != (tc.outcome == vendors.OK):
			t.Errorf("%s: %v", tc.body, err)
		}
		if tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%s: %v is not %v", tc.body, err, tc.is)
		}
	}
}

func TestResultsTellTheFateOfEachUser(t *testing.T) {
	for _, tc := range []struct {
		body    string
		outcome vendors.Outcome
		code    string
	}{
		{`{"messageSendResult":{"u1":200,"u2":400}}`, vendors.OK, ""},
		{`{"messageSendResult":{"u1":"200"}}`, vendors.OK, ""},
		{`{"messageSendResult":{"u1":"400"}}`, vendors.DefiniteNo, "400"},
		{`{"messageSendResult":{"u1":9001}}`, vendors.DefiniteNo, "9001"},
		{`{"messageSendResult":{"u2":200}}`, vendors.Ambiguous, ""}, // nobody can know
		{`{"messageSendResult":[]}`, vendors.OK, ""},
		{`{}`, vendors.OK, ""},
	} {
		var r sendResults
		if err := json.Unmarshal([]byte(tc.body), &r); err != nil {
			t.Fatal(err)
		}
		err := r.err("linkv", "op", "u1")
		var e *vendors.Error
		if vendors.OutcomeOf(err) != tc.outcome || (errors.As(err, &e) && e.Code != tc.code) {
			t.Errorf("%s: %v", tc.body, err)
		}
	}
}

// FuzzAnswer: whatever comes back, the verdict is a classified error or a
// success that the body really states, and no decoder panics.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"code":"200","data":{"tokens":"12"}}`, `{"status":200,"data":[]}`, `{"code":200,"messageSendResult":{"u":"200"}}`, `{"status":"403","data":[]}`, `<html>`, ``, `{"code":{}}`, `[]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := check(upstream.Answer{Status: 200, Body: body})
		var e *vendors.Error
		if errors.As(err, &e) && (e.Code == "" || e.Code == success || e.Outcome == vendors.OK) {
			t.Errorf("%q: a failure with code %q and outcome %s", body, e.Code, e.Outcome)
		}
		if err == nil {
			var v verdict
			if json.Unmarshal(body, &v) != nil || (v.Code != success && v.Status != success) {
				t.Errorf("%q was taken for a success", body)
			}
		}
		var out struct {
			sendResults
			Data object[struct {
				Tokens upstream.Text `json:"tokens"`
			}] `json:"data"`
		}
		if json.Unmarshal(body, &out) == nil {
			_, _ = out.Data.V.Tokens.Int()
			_ = out.err("linkv", "op", "u")
		}
	})
}
