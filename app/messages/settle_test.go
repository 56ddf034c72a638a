package messages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"switchboard/vendors"
)

// past is a vendor's history: what each user has, oldest first.
type past struct {
	rows map[string][]vendors.Stored
	err  error
}

func (p past) Messages(_ context.Context, q vendors.HistoryQuery) (out []vendors.Stored, err error) {
	for _, m := range p.rows[q.User] {
		if m.SentAt.After(q.After) && !m.SentAt.After(q.Until) && len(out) < q.Limit {
			out = append(out, m)
		}
	}
	return out, p.err
}

func TestASendInDoubtIsDoneOnceEveryTargetHasIt(t *testing.T) {
	since := time.Now().Truncate(time.Millisecond)
	said := vendors.Content{Kind: vendors.Tip, Text: "you are connected"}
	row := func(id, from string, at time.Duration, c vendors.Content) vendors.Stored {
		return vendors.Stored{ID: id, From: from, SentAt: since.Add(at), Content: c}
	}
	var busy []vendors.Stored
	for i := range 150 {
		busy = append(busy, row(fmt.Sprint("b", i), "me", time.Duration(i)*time.Millisecond, vendors.Content{Kind: vendors.Tip, Text: fmt.Sprint(i)}))
	}
	for _, tc := range []struct {
		name string
		to   []string
		kind vendors.TargetKind
		rows map[string][]vendors.Stored
		err  error
		ids  string // of the receipt; empty: still in doubt
	}{
		{"it is there", []string{"a"}, vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "me", 0, said)}}, nil, "1"},
		{"behind many others", []string{"a"}, vendors.ToUsers, map[string][]vendors.Stored{"a": append(busy, row("1", "me", time.Second, said))}, nil, "1"},
		{"all have it", []string{"a", "b"}, vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "me", 0, said)}, "b": {row("2", "me", 0, said)}}, nil, "1 2"},
		{"one has not", []string{"a", "b"}, vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "me", 0, said)}}, nil, ""},
		{"nobody has", []string{"a"}, vendors.ToUsers, nil, nil, ""},
		{"said before", []string{"a"}, vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "me", -time.Millisecond, said)}}, nil, ""},
		{"said by another", []string{"a"}, vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "you", 0, said)}}, nil, ""},
		{"other words", []string{"a"}, vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "me", 0, vendors.Content{Kind: vendors.Tip, Text: "you"})}}, nil, ""},
		{"another kind of content", []string{"a"}, vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "me", 0, vendors.Content{Kind: vendors.Text, Text: said.Text})}}, nil, ""},
		{"the history is off", []string{"a"}, vendors.ToUsers, nil, vendors.Refuse("post", vendors.OpHistory, vendors.ErrUnsupported, "1009"), ""},
		{"a system message", []string{"a"}, vendors.ToSystem, map[string][]vendors.Stored{"a": {row("1", "me", 0, said)}}, nil, ""},
		{"too many to ask for", strings.Split("a b c d e f g h i j k", " "), vendors.ToUsers, map[string][]vendors.Stored{"a": {row("1", "me", 0, said)}}, nil, ""},
	} {
		v := &vendors.Vendor{Name: "post", Messages: &post{}, History: past{tc.rows, tc.err}}
		routes, err := vendors.NewRouter([]*vendors.Vendor{v}, nil)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(SentOf(vendors.Message{Kind: tc.kind, From: "me", To: tc.to, Content: said}))
		if err != nil || strings.Contains(string(payload), said.Text) {
			t.Fatalf("the ledger keeps %s, %v", payload, err)
		}
		_, receipt, err := New(routes, nil).Settle(t.Context(), "post", since, payload)
		var ids []string
		for _, target := range receipt.Targets {
			ids = append(ids, target.MessageID)
		}
		if got := strings.Join(ids, " "); got != tc.ids || (err == nil) != (tc.ids != "") {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
		if err != nil && (!errors.Is(err, errUnsettled) || vendors.OutcomeOf(err) == vendors.DefiniteNo) {
			t.Errorf("%s: %v would settle the entry", tc.name, err)
		}
	}
}

func TestOnlyAVendorWithAHistoryTells(t *testing.T) {
	with := &vendors.Vendor{Name: "with", Messages: &post{}, History: past{}}
	without := &vendors.Vendor{Name: "without", Messages: &post{}}
	routes, err := vendors.NewRouter([]*vendors.Vendor{with, without}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, op := New(routes, nil), vendors.OpSendGroup
	if !s.Tells(op, "with") || s.Tells(op, "without") || s.Tells(op, "gone") || s.Tells(vendors.OpSendSystem, "with") {
		t.Error(s.Tells(op, "with"), s.Tells(op, "without"), s.Tells(op, "gone"), s.Tells(vendors.OpSendSystem, "with"))
	}
	payload, _ := json.Marshal(SentOf(vendors.Message{Kind: vendors.ToUsers, From: "me", To: []string{"a"}}))
	for _, account := range []string{"without", "gone"} {
		if _, _, err := s.Settle(t.Context(), account, time.Now(), payload); !errors.Is(err, errUnsettled) {
			t.Error(account, err)
		}
	}
	if _, _, err := s.Settle(t.Context(), "with", time.Now(), []byte("nonsense")); err == nil {
		t.Error("what cannot be read is settled")
	}
}

// The same key wants the same payload: what tells two sends apart is in it.
func TestWhatTheLedgerKeepsTellsTwoSendsApart(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range []vendors.Message{
		{Kind: vendors.ToUsers, From: "me", To: []string{"a"}},
		{Kind: vendors.ToSystem, From: "me", To: []string{"a"}},
		{Kind: vendors.ToUsers, From: "you", To: []string{"a"}},
		{Kind: vendors.ToUsers, From: "me", To: []string{"a", "b"}},
		{Kind: vendors.ToUsers, From: "me", To: []string{"a"}, Content: vendors.Content{Text: "x"}},
		{Kind: vendors.ToUsers, From: "me", To: make([]string, 11)},
		{Kind: vendors.ToUsers, From: "me", To: strings.Split("a b c d e f g h i j k", " ")},
		{Kind: vendors.ToUsers, From: "me", To: strings.Split("a b c d e f g h i j l", " ")},
	} {
		raw, err := json.Marshal(SentOf(m))
		if err != nil || seen[string(raw)] {
			t.Errorf("%s again, %v", raw, err)
		}
		seen[string(raw)] = true
	}
}

// keeper is a vendor that keeps the keys of the messages it took, by key and target.
type keeper map[string]vendors.MessageRef

func (k keeper) FindMessage(_ context.Context, l vendors.Lookup) (vendors.MessageRef, bool, error) {
	ref, there := k[l.Key.String()+l.Target]
	return ref, there, nil
}

func TestASendInDoubtIsLookedUpByItsKeyWhereTheVendorKeepsKeys(t *testing.T) {
	ctx := vendors.WithRequestID(vendors.WithApp(t.Context(), "shop"), "request-1")
	m := Keyed(ctx, "", vendors.Message{Kind: vendors.ToGroups, From: "me", To: []string{"a", "b"}, Content: vendors.Content{Kind: vendors.Text, Text: "x"}})
	other := Keyed(ctx, "", vendors.Message{Kind: vendors.ToGroups, From: "me", To: []string{"a", "b"}, Content: vendors.Content{Kind: vendors.Text, Text: "y"}})
	repeat := Keyed(vendors.WithRequestID(ctx, "another"), "k", m)
	if repeat.Key != Keyed(ctx, "k", m).Key || repeat.Key == m.Key {
		t.Error("a repeat with its idempotency key is another message")
	}
	if m.Key.IsZero() || m.Key == other.Key || m.Key != Keyed(ctx, "", m).Key || !Keyed(t.Context(), "", vendors.Message{}).Key.IsZero() {
		t.Fatalf("keys %s and %s", m.Key, other.Key)
	}
	payload, err := json.Marshal(SentOf(m))
	if err != nil {
		t.Fatal(err)
	}
	kept := keeper{m.Key.String() + "a": {ID: "1", Seq: "7"}}
	routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "post", Messages: &post{}, MessageLookup: kept}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := New(routes, nil)
	if !s.Tells(vendors.OpSendSystem, "post") || s.Tells(vendors.OpSendTemplate, "post") {
		t.Error("the vendor keeps keys, and is said to tell nothing")
	}
	if _, _, err := s.Settle(ctx, "post", time.Now(), payload); !errors.Is(err, errUnsettled) {
		t.Errorf("one target has it: %v", err)
	}
	kept[m.Key.String()+"b"] = vendors.MessageRef{ID: "2"}
	_, r, err := s.Settle(ctx, "post", time.Now(), payload)
	if err != nil || len(r.Targets) != 2 || r.Targets[0].MessageID != "1" || r.Targets[0].Seq != "7" || r.Targets[1].MessageID != "2" || r.Targets[1].Vendor != "post" {
		t.Errorf("both have it: %+v, %v", r, err)
	}
}
