package vendortest

import (
	"slices"
	"time"

	"switchboard/vendors"
)

func messageKeyChecks() []check {
	inbox := func(f Fixture) bool { return f.Far.Inbox != nil && slices.Contains(f.Kinds, vendors.ToUsers) }
	return []check{
		{"MessageWithAKeySaysTheSame", []string{"Messages"}, inbox, keyedMessage},
		{"MessageOfTheSameKeyIsTakenOnceWhereDeclared", []string{"Messages"}, inbox, sameKey},
		{"MessageIsFoundByItsKeyAloneAndAtItsTarget", []string{"Messages", "MessageLookup"}, inbox, lookup},
	}
}

// keyed sends text to Known with a key made of name.
func (e *env) keyed(t T, text, name string) vendors.TargetResult {
	t.Helper()
	m := e.text(vendors.ToUsers, text, e.Known)
	m.Key = vendors.KeyOf(name)
	r, err := e.v.Messages.Send(t.Context(), m)
	must(t, "send", err)
	if len(r.Targets) != 1 || r.Targets[0].Err != nil {
		t.Fatalf("send: the receipt is %+v", r)
	}
	return r.Targets[0]
}

// fromPeer is what Known got from Peer alone: others may write to a group of Known's.
func (e *env) fromPeer() (out []Received) {
	for _, m := range e.Far.Inbox(e.Known) {
		if m.Kind == vendors.ToUsers && m.From == e.Peer {
			out = append(out, m)
		}
	}
	return out
}

func keyedMessage(t T, e *env) {
	_, err := e.v.Messages.Send(t.Context(), e.text(vendors.ToUsers, "the same", e.Known))
	must(t, "send", err)
	e.keyed(t, "the same", "a key")
	got := e.fromPeer()
	if len(got) != 2 || got[0] != got[1] {
		t.Errorf("without a key and with one: %+v", got)
	}
}

func sameKey(t T, e *env) {
	if e.v.Traits.SendRepeat <= 0 {
		return
	}
	first := e.keyed(t, "once", "the key")
	second := e.keyed(t, "once", "the key")
	if got := e.fromPeer(); len(got) != 1 {
		t.Errorf("a message made again with its key: %d arrived", len(got))
	}
	if first.MessageID != second.MessageID {
		t.Errorf("the ids of one message are %q and %q", first.MessageID, second.MessageID)
	}
	e.keyed(t, "once", "another key")
	if got := e.fromPeer(); len(got) != 2 {
		t.Errorf("the same words with another key: %d are there, want 2", len(got))
	}
}

func lookup(t T, e *env) {
	sent := e.keyed(t, "find me", "mine")
	e.keyed(t, "find me", "other")
	ask := vendors.Lookup{Key: vendors.KeyOf("mine"), Kind: vendors.ToUsers, From: e.Peer, Target: e.Known, Around: time.Now()}
	ref, found, err := e.v.MessageLookup.FindMessage(t.Context(), ask)
	if err != nil || !found || ref.ID == "" || sent.MessageID != "" && ref.ID != sent.MessageID {
		t.Errorf("found %t: %+v, %v, want the message %q", found, ref, err, sent.MessageID)
	}
	for what, spoil := range map[string]func(*vendors.Lookup){
		"another key":    func(l *vendors.Lookup) { l.Key = vendors.KeyOf("never sent") },
		"another target": func(l *vendors.Lookup) { l.Target = e.Peer },
	} {
		l := ask
		spoil(&l)
		if ref, found, err := e.v.MessageLookup.FindMessage(t.Context(), l); err != nil || found {
			t.Errorf("%s: found %t: %+v, %v", what, found, ref, err)
		}
	}
	e.mustNotCall(t, "no key", func(c ctx) error {
		_, _, err := e.v.MessageLookup.FindMessage(c, vendors.Lookup{Kind: vendors.ToUsers, From: e.Peer, Target: e.Known})
		return err
	}, vendors.ErrInvalid)
}

func (e *env) lookupOps() []op {
	return []op{{vendors.OpMessageLookup, "MessageLookup", reads, func(c ctx, v *vendors.Vendor) error {
		_, _, err := v.MessageLookup.FindMessage(c, vendors.Lookup{Key: vendors.KeyOf("any"), Kind: vendors.ToUsers, From: e.Peer, Target: e.Known, Around: time.Now()})
		return err
	}}}
}
