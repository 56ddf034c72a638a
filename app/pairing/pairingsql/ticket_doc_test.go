package pairingsql

import (
	"bytes"
	"reflect"
	"testing"

	"switchboard/app/pairing/ticket"

	"pgregory.net/rapid"
)

// anyTicket has whatever a ticket's fields can hold.
func anyTicket() *rapid.Generator[ticket.Ticket] {
	return rapid.Custom(func(t *rapid.T) ticket.Ticket {
		tk := rapid.Make[ticket.Ticket]().Draw(t, "ticket")
		words := []string{"", string(ticket.ReasonCallEnded), ticket.CommandDispatch, "a word of tomorrow", "\x00<\u2028"}
		reason := rapid.Map(rapid.SampledFrom(words), func(s string) ticket.Reason { return ticket.Reason(s) })
		near := rapid.Map(rapid.Int64Range(-5000, 60_000), func(ms int64) ticket.Instant { return tk.CreatedAt + ticket.Instant(ms) })
		tk.AskNo = "1" + tk.AskNo
		tk.State %= ticket.Held + 1
		tk.EndReason, tk.AskBy = reason.Draw(t, "reason"), near.Draw(t, "near")
		for i := range tk.Rounds {
			r := &tk.Rounds[i]
			r.Decision %= ticket.Dislike + 1
			r.EndReason, r.StartedAt = reason.Draw(t, "reason"), near.Draw(t, "near")
		}
		for i := range tk.Offers {
			o := &tk.Offers[i]
			o.State %= ticket.OfferFailed + 1
			o.Reason, o.OfferedAt = reason.Draw(t, "reason"), near.Draw(t, "near")
		}
		for i := range tk.Outbox {
			e := &tk.Outbox[i]
			e.Kind %= ticket.FromWallet + 1
			e.Name, e.To, e.CallID = rapid.SampledFrom(words).Draw(t, "name"), tk.Asker, tk.AskNo
			e.At, e.StartAt = near.Draw(t, "near"), int64(near.Draw(t, "near"))/1000
		}
		return tk
	})
}

func encoded(t testing.TB, tk *ticket.Ticket) []byte {
	t.Helper()
	doc, err := encodeTicket(tk)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(doc)
}

// same takes an empty list for none.
func same(got *ticket.Ticket, want ticket.Ticket) bool {
	have := *got
	for _, t := range []*ticket.Ticket{&have, &want} {
		t.Rounds, t.Offers, t.Outbox = append([]ticket.Round{}, t.Rounds...), append([]ticket.Offer{}, t.Offers...), append([]ticket.Entry{}, t.Outbox...)
	}
	return reflect.DeepEqual(have, want)
}

func TestATicketsDocumentIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tk := anyTicket().Draw(t, "ticket")
		doc, err := encodeTicket(&tk)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeTicket([]byte(doc))
		if err != nil || !same(got, tk) {
			t.Fatalf("%+v\nwritten, read\n%+v %v", tk, got, err)
		}
	})
}

// A field that a ticket is given later is kept too: each alone is set and read.
func TestATicketsDocumentKeepsEveryField(t *testing.T) {
	tk := ticket.Ticket{AskNo: "1", Rounds: make([]ticket.Round, 1), Offers: make([]ticket.Offer, 1), Outbox: make([]ticket.Entry, 1)}
	fields := 0
	eachField(t, reflect.ValueOf(&tk).Elem(), "Ticket", func(name string) {
		fields++
		got, err := decodeTicket(encoded(t, &tk))
		if err != nil || !same(got, tk) {
			t.Errorf("%s is lost: %v", name, err)
		}
	})
	if fields < 60 {
		t.Fatalf("%d fields were looked at", fields)
	}
}

// eachField runs do with each field of v, and of what is in it, set alone.
func eachField(t *testing.T, v reflect.Value, name string, do func(name string)) {
	before := reflect.ValueOf(v.Interface())
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			eachField(t, v.Field(i), name+"."+v.Type().Field(i).Name, do)
		}
		return
	case reflect.Slice:
		eachField(t, v.Index(0), name, do)
		return
	case reflect.String:
		v.SetString("something")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1_700_000_000_123)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(0.3)
	default:
		t.Fatalf("%s is a %s: this test cannot set it", name, v.Kind())
	}
	do(name)
	v.Set(before)
}

// aTicket is in the middle of a call with what a step leaves to tell.
func aTicket() ticket.Ticket {
	const at = 1_763_716_313_512
	t := ticket.Ticket{
		AskNo: "7397416148484882432", App: "666666", Scene: 1, Asker: 1_000_000_007, ConfigID: "9f86d081884c7d65", Version: 5, State: ticket.Liked,
		Rounds: []ticket.Round{{No: 1, StartedAt: at, Peer: 20_000_031, CallID: "c2f1b0e4-9a77-4a8c-9b0e-1f6f4a2d9e55", StartAt: at/1000 + 4,
			ConnectedAt: at + 4000, LikedAt: at + 9000, Decision: ticket.Like}},
		Offers: []ticket.Offer{
			{UID: 20_000_030, Round: 1, State: ticket.OfferRefused, Reason: ticket.ReasonRefused, OfferedAt: at, SendBy: at + 2000, SentAt: at + 20,
				Deadline: at + 10_020, ClosedAt: at + 900, Entry: 1, Card: ticket.Card{Offers: 41, Passes: 20, Accept: 0.4931, AnswerMS: 2718.28}},
			{UID: 20_000_031, Round: 1, State: ticket.OfferPassed, OfferedAt: at + 950, SendBy: at + 2950, SentAt: at + 970,
				Deadline: at + 10_970, ClosedAt: at + 2000, Epoch: 3, Entry: 4, Card: ticket.Card{Offers: 7, Passes: 5, Accept: 0.7, AnswerMS: 1833.25}},
		},
		Seq: 12, CreatedAt: at, AskLeft: 58_000_000_000, CallBy: at + 7_209_000, PaidBy: at + 600_000, CountBy: at + 60_000, AskerEpoch: 1, LastStart: at/1000 + 4,
	}
	for i, name := range []string{ticket.EventMatched, ticket.EventConnected, ticket.EventLiked, ticket.ChargeStart, ticket.CommandMatched} {
		t.Outbox = append(t.Outbox, ticket.Entry{ID: int64(8 + i), Kind: ticket.ToBusiness, Name: name, To: t.Asker, Peer: 20_000_031, Round: 1,
			CallID: t.Rounds[0].CallID, StartAt: t.LastStart, Version: 5, At: at + 9000, Attempts: 1, NotBefore: at + 15_000})
	}
	return t
}

func TestATicketsDocumentIsSmall(t *testing.T) {
	tk := aTicket()
	if n := len(encoded(t, &tk)); n > 2100 {
		t.Fatalf("%d bytes", n)
	}
}

// What is no ticket is refused, and what is read can be written again.
func FuzzTicketDocument(f *testing.F) {
	tk := aTicket()
	doc := encoded(f, &tk)
	for _, seed := range [][]byte{doc, nil, doc[:len(doc)-1], append(bytes.Clone(doc), 0), []byte(`{"no":"1"}`), []byte(`{"ask":"1","state":200}`), []byte(`{"ask":"1","offers":[{"state":9}]}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := decodeTicket(doc)
		if err != nil {
			return
		}
		_ = got.State.String() // no state without a name
		for _, o := range got.Offers {
			_ = o.State.String()
		}
		again, err := decodeTicket(encoded(t, got))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%+v\nread, written, read\n%+v %v", got, again, err)
		}
	})
}

func TestASpoiledDocumentIsRefused(t *testing.T) {
	tk := aTicket()
	doc := encoded(t, &tk)
	for n := range doc {
		if got, err := decodeTicket(doc[:n]); err == nil || got != nil {
			t.Fatalf("%d of %d bytes are a ticket: %+v", n, len(doc), got)
		}
	}
	for _, bad := range [][]byte{append(bytes.Clone(doc), 0), []byte(`{"no":"1","app":"a","st":0}`), []byte(`{"ask":"1","state":200}`), []byte(`{"ask":"1","outbox":[{"kind":9}]}`)} {
		if got, err := decodeTicket(bad); err == nil {
			t.Fatalf("%q is a ticket: %+v", bad, got)
		}
	}
}

func BenchmarkTicketDocument(b *testing.B) {
	tk := aTicket()
	doc := encoded(b, &tk)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encoded(b, &tk)
		}
		b.ReportMetric(float64(len(doc)), "bytes")
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decodeTicket(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}
