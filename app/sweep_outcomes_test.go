package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"switchboard/mocks/mock"
)

// strangeRecordings: a recording is stopped as one of its own room alone, whoever asks.
func (s *sweep) strangeRecordings(t *testing.T) {
	theirs := s.cell(appLeft, "livekit")
	recording := recordedRoom(s, t, theirs).in
	for _, app := range []string{appLeft, appRight, appAlone} {
		mine := s.cell(app, "livekit")
		recordedRoom(s, t, mine)
		r := s.request(t, swept{op: "POST /api/server/rooms/{room}/recordings/{recording}/stop"}, mine, asked{in: recording, body: map[string]any{}})
		if got := s.do(t, r); got.Status != 404 || got.Code != 100104 {
			t.Errorf("by %s, of a room of its own: %d %s", app, got.Status, got.Body)
		}
	}
	if list := s.server(t, theirs, "GET", "/rooms/"+theirs.name+"/recordings", nil); !strings.Contains(string(list.Body), `"status":"active"`) {
		t.Errorf("it was stopped: %s", list.Body)
	}
}

// at tries all cases of w at one vendor.
func (s *sweep) at(t *testing.T, w swept, vendor string) {
	l, state := s.listed(t, w, vendor)
	cases := map[string]func(*testing.T, swept, string){
		"done": s.done, "refused": s.refused, "away": s.away, "doubt": s.doubted, "partial": s.partly, "own account": s.ownAccount, "shared account": s.sharedAccount,
	}
	switch {
	case state == "cannot" && !w.widely:
		s.cannot(t, w, l, vendor)
		return
	case state == "cannot" || state == "kept":
		if !w.read && !w.here {
			return // others are told, or nobody
		}
		cases = map[string]func(*testing.T, swept, string){"kept": s.kept}
	}
	if w.read || !w.many(t) {
		delete(cases, "partial")
	}
	for _, name := range []string{"kept", "done", "refused", "away", "doubt", "partial", "own account", "shared account"} {
		why := w.lacks[name]
		if why == "" {
			why = w.lacks[name+" at "+vendor]
		}
		if try := cases[name]; try != nil && why == "" {
			t.Run(name, func(t *testing.T) { try(t, w, vendor) })
		}
	}
}

func (s *sweep) cannot(t *testing.T, w swept, l listedPath, vendor string) {
	t.Helper()
	var able []string
	routed := false
	for _, v := range l.Vendors {
		routed = routed || v.Routed && v.Vendor == vendor
		if v.State == "can" || v.State == "emulated" {
			able = append(able, v.Vendor)
		}
	}
	if !routed {
		return // it cannot even be routed: findRoutes saw that
	}
	make := w.blank
	if make == nil {
		make = w.about
	}
	got := s.do(t, s.ready(t, w, s.cell(appAlone, vendor), make))
	var data struct{ Unable, Able []string }
	if got.Status != 501 || got.Code != 100111 || s.far[vendor].calls() != 0 {
		t.Fatalf("%d %s after %d calls", got.Status, got.Body, s.far[vendor].calls())
	}
	got.decode(t, &data)
	if !slices.Equal(data.Able, able) {
		t.Errorf("%v could, and the answer says %s", able, got.Body)
	}
}

func (s *sweep) kept(t *testing.T, w swept, vendor string) {
	got := s.do(t, s.ready(t, w, s.cell(appAlone, vendor), w.blank))
	if got.Status != 200 && got.Status != 404 && got.Status != 501 || s.far[vendor].calls() != 0 {
		t.Errorf("%d %s after %d calls", got.Status, got.Body, s.far[vendor].calls())
	}
}

func (s *sweep) done(t *testing.T, w swept, vendor string) {
	c := s.cell(appAlone, vendor)
	r := s.ready(t, w, c, w.about)
	first := s.do(t, r)
	rows := w.rowsOf(t, first, vendor)
	if first.Status != 200 || first.Code != 0 && !(w.widely && first.Code == codePartly) || len(rows) != w.rows {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	for _, row := range rows {
		if row.State != "accepted" && row.State != "already" || row.Vendor != vendor {
			t.Errorf("%+v", row)
		}
	}
	if shows := strings.ReplaceAll(w.shows, "NAME", c.name); !strings.Contains(string(first.Data), shows) {
		t.Errorf("%s does not show %s", first.Body, shows)
	}
	before := s.far[vendor].calls()
	if (before == 0) != w.here {
		t.Errorf("%d calls", before)
	}
	if w.read {
		return
	}
	again := s.do(t, r)
	if again.Header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(first.Data, again.Data) || again.Code != first.Code || s.far[vendor].calls() != before {
		t.Errorf("repeated: %d %s, %d calls after %d", again.Status, again.Body, s.far[vendor].calls(), before)
	}
	other := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	other.Header = r.Header
	if strings.Contains(w.op, "{user}") {
		other.Path = strings.Replace(other.Path, "1001", "1004", 1)
	}
	if got := s.do(t, other); got.Status != 409 || got.Code != 100113 || s.far[vendor].calls() != 0 {
		t.Errorf("another request with the key: %d %s after %+v", got.Status, got.Body, s.far[vendor].Journal.Find(mock.Filter{}))
	}
}

// rowsOf are the rows of an answer; where every account is told, those of the vendor.
func (w swept) rowsOf(t *testing.T, a answer, vendor string) (rows []rowIn) {
	t.Helper()
	for _, r := range rowsIn(t, a) {
		if !w.widely || r.Vendor == vendor {
			rows = append(rows, r)
		}
	}
	return rows
}

// failed holds that got is a failure of that status and code, or, where every account is
// told, that the vendor's rows are in the state.
func (w swept) failed(t *testing.T, got answer, vendor string, status, code int, state string) {
	t.Helper()
	rows := w.rowsOf(t, got, vendor)
	switch {
	case w.soft:
		status, code = 200, 0
		if !strings.Contains(string(got.Data), `"reason":"`) {
			t.Errorf("without a reason: %s", got.Body)
		}
	case w.widely: // the whole is as the other accounts have it too
		status, code = got.Status, got.Code
		if len(rows) == 0 || code == 0 {
			t.Errorf("%s is left out: %s", vendor, got.Body)
		}
	}
	if got.Status != status || got.Code != code {
		t.Errorf("%d %s, want %d %d", got.Status, got.Body, status, code)
	}
	for _, row := range rows {
		if row.State != state || row.Reason == "" {
			t.Errorf("%+v, want %s", row, state)
		}
	}
}

func (s *sweep) refused(t *testing.T, w swept, vendor string) {
	if w.here {
		return
	}
	no := usualNo[vendor]
	if w.code[vendor] != "" {
		no = w.code[vendor]
	}
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.far[vendor].Faults.Next("", 9, mock.Action{Kind: mock.Code, Code: no})
	got := s.do(t, r)
	w.failed(t, got, vendor, 422, 100110, "refused")
	s.far[vendor].clear()
	if w.read {
		return
	}
	if again := s.do(t, r); again.Code != got.Code || again.Header.Get("Idempotent-Replayed") != "true" || s.far[vendor].calls() != 0 {
		t.Errorf("repeated: %d %s", again.Status, again.Body)
	}
}

// away: nothing was done, and the same key serves once the vendor is back.
func (s *sweep) away(t *testing.T, w swept, vendor string) {
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.breaker(t, vendor, "open")
	got := s.do(t, r)
	s.breaker(t, vendor, "closed")
	if w.here {
		if got.Code != 0 {
			t.Errorf("it is answered here: %d %s", got.Status, got.Body)
		}
		return
	}
	w.failed(t, got, vendor, 503, 100108, "refused")
	if !w.soft && (!w.widely && got.Header.Get("Retry-After") == "" || s.far[vendor].calls() != 0) {
		t.Errorf("%d %s, %d calls", got.Status, got.Body, s.far[vendor].calls())
	}
	if again := s.do(t, r); again.Code != 0 && !w.widely {
		t.Errorf("back again: %d %s", again.Status, again.Body)
	}
}

// lostLook: what is read before the write is lost. Nothing was written, and the same key
// serves.
func (s *sweep) lostLook(t *testing.T, w swept, vendor string) {
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.far[vendor].Faults.Next("", 9, mock.Action{Kind: mock.Drop, After: true})
	w.failed(t, s.do(t, r), vendor, 503, 100108, "")
	s.far[vendor].clear()
	if again := s.do(t, r); again.Code != 0 || again.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("again, after a lost look: %d %s", again.Status, again.Body)
	}
}

// doubted: the vendor executes and does not answer, and a repeat makes nothing again. How
// the ledger finds out what became of it is not asked here. A read has no doubt.
func (s *sweep) doubted(t *testing.T, w swept, vendor string) {
	if w.here {
		return
	}
	if w.looks[vendor] != "" {
		s.lostLook(t, w, vendor)
	}
	r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
	s.far[vendor].Faults.Next(w.looks[vendor], 9, mock.Action{Kind: mock.Drop, After: true})
	got := s.do(t, r)
	if w.read {
		w.failed(t, got, vendor, 503, 100108, "")
		return
	}
	w.failed(t, got, vendor, 504, 100109, "unknown")
	s.sameAgain(t, r, got, vendor)
	if w.widely { // and every other account leaves it in doubt as well
		r := s.ready(t, w, s.cell(appAlone, vendor), w.about)
		for _, v := range sweptVendors {
			s.far[v].clear()
			s.far[v].Faults.Next("", 9, mock.Action{Kind: mock.Drop, After: true})
		}
		s.sameAgain(t, r, s.do(t, r), sweptVendors...)
	}
}

// sameAgain: a repeat of what is in doubt, or in part, is told the same and asks no vendor.
func (s *sweep) sameAgain(t *testing.T, r request, got answer, at ...string) {
	t.Helper()
	before := 0
	for _, vendor := range at {
		before += s.far[vendor].calls()
		s.far[vendor].Faults.Clear()
	}
	again := s.do(t, r)
	for _, vendor := range at {
		before -= s.far[vendor].calls()
	}
	if again.Status != got.Status || again.Code != got.Code || !bytes.Equal(again.Data, got.Data) || again.Header.Get("Idempotent-Replayed") != "true" || before != 0 {
		t.Errorf("%d %s; repeated: %d %s, %d more calls", got.Status, got.Body, again.Status, again.Body, -before)
	}
}

// partly: some targets are done and some are not, and the key says so again.
func (s *sweep) partly(t *testing.T, w swept, vendor string) {
	p, has := w.partial[vendor]
	if !has {
		t.Fatalf("it names several targets: how is it done in part at %s?", vendor)
	}
	if p.about == nil {
		p.about = w.about
	}
	c := s.cell(appAlone, vendor)
	r := s.ready(t, w, c, p.about)
	if p.op != "" {
		if _, err := s.far[vendor].Faults.Add(mock.Match{Op: p.op, Nth: 2}, mock.Action{Kind: mock.Code, Code: usualNo[vendor]}); err != nil {
			t.Fatal(err)
		}
	}
	got := s.do(t, r)
	states := w.fates(t, got)
	for _, row := range rowsIn(t, got) {
		if (row.State == "refused" || row.State == "unknown") != (row.Reason != "") {
			t.Errorf("%+v", row)
		}
	}
	if got.Status != 200 || got.Code != codePartly || states["accepted"] == 0 || states["refused"] == 0 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	before := s.far[vendor].calls()
	if again := s.do(t, r); !bytes.Equal(got.Data, again.Data) || again.Code != codePartly || again.Header.Get("Idempotent-Replayed") != "true" || s.far[vendor].calls() != before {
		t.Errorf("repeated: %d %s, %d calls after %d", again.Status, again.Body, s.far[vendor].calls(), before)
	}
}

// fates counts the targets by what became of them.
func (w swept) fates(t *testing.T, got answer) map[string]int {
	t.Helper()
	var sent struct {
		Accepted int
		Failed   []struct{ Code int }
	}
	_ = json.Unmarshal(got.Data, &sent)
	states := map[string]int{"accepted": sent.Accepted, "refused": len(sent.Failed)}
	for _, row := range rowsIn(t, got) {
		states[row.State]++
	}
	return states
}

// ownAccount: another app asks for the same, by the same ids, at accounts of its own.
func (s *sweep) ownAccount(t *testing.T, w swept, vendor string) {
	if _, calls := s.asked(t, w, s.cell(appAlone, vendor), appLeft); calls != 0 {
		t.Errorf("the first app's account was asked %d times: %+v", calls, s.far[vendor].Journal.Find(mock.Filter{}))
	}
}

// sharedAccount: another app asks for the same, by the same ids, at the same account.
func (s *sweep) sharedAccount(t *testing.T, w swept, vendor string) {
	got, calls := s.asked(t, w, s.cell(appLeft, vendor), appRight)
	switch w.shared {
	case forbidden:
		if got.Status != 403 || got.Code != 100103 || got.Err == nil || *got.Err == "" || calls != 0 {
			t.Errorf("%d %s after %d calls", got.Status, got.Body, calls)
		}
	case unknown:
		if got.Status != 404 || got.Code != 100104 || calls != 0 {
			t.Errorf("%d %s after %d calls", got.Status, got.Body, calls)
		}
	case ours:
		if got.Status != 200 || got.Code != 0 && got.Code != codePartly || calls != 0 || !strings.Contains(string(got.Data), "other apps") {
			t.Errorf("%d %s after %d calls", got.Status, got.Body, calls)
		}
	case apart, together:
		if got.Status != 200 || got.Code != 0 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	default:
		t.Errorf("what becomes of it at an account that apps share?")
	}
}

// asked has another app make c's request, and holds that it sees and changes nothing of
// c's app. It tells how often c's account was called.
func (s *sweep) asked(t *testing.T, w swept, c cell, by string) (got answer, calls int) {
	t.Helper()
	r := s.ready(t, w, c, w.about)
	before := s.look(t, w, c)
	s.far[c.account()].clear()
	r.Header = s.request(t, w, cell{by, c.vendor, c.name}, asked{}).Header
	got = s.do(t, r)
	calls = s.far[c.account()].calls()
	if shows := strings.ReplaceAll(w.shows, "NAME", c.name); shows != "" && w.shared != together && strings.Contains(string(got.Data), shows) {
		t.Errorf("the other app's %s is shown: %s", shows, got.Body)
	}
	if after := s.look(t, w, c); after != before {
		t.Errorf("the first app sees %s, and saw %s", after, before)
	}
	return got, calls
}

// look is what c's app sees of the thing.
func (s *sweep) look(t *testing.T, w swept, c cell) string {
	t.Helper()
	if w.look == "" {
		return ""
	}
	got := s.server(t, c, "GET", strings.ReplaceAll(w.look, "NAME", c.name), nil)
	var data map[string]json.RawMessage
	got.decode(t, &data)
	delete(data, "as_of")
	raw, _ := json.Marshal(data)
	return string(raw)
}
