package messages

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"switchboard/vendors"
)

// places are who is in groups and chat rooms, by the vendor's ids.
type places map[string][]string

func (p places) GroupMembers(_ context.Context, id string) ([]string, error) { return p[id], nil }

func (p places) UserGroups(context.Context, string) ([]vendors.GroupName, error) { return nil, nil }

func (p places) ChatRoomUsers(_ context.Context, id string) ([]string, error) {
	if p[id] == nil {
		return nil, vendors.Refuse("post", "users", vendors.ErrNotFound, "")
	}
	return p[id], nil
}

func (places) CreateChatRoom(context.Context, string, string) (vendors.GroupRef, error) {
	return vendors.GroupRef{}, nil
}

func (places) DestroyChatRoom(context.Context, string) error { return nil }

// A send to a group or a chat room is done once somebody of those in it has it, by the
// vendor's name for it; the sender has none of what was sent here.
func TestASendToAGroupInDoubtIsSeenByAMember(t *testing.T) {
	since := time.Now().Truncate(time.Millisecond)
	said := vendors.Content{Kind: vendors.Text, Text: "to all of you"}
	has := []vendors.Stored{{ID: "1", From: "me", SentAt: since, Content: said}}
	for _, tc := range []struct {
		name string
		kind vendors.TargetKind
		in   places
		rows map[string][]vendors.Stored
		ids  string
	}{
		{"a member has it", vendors.ToGroups, places{"v-g": {"me", "bob"}}, map[string][]vendors.Stored{"bob": has}, "1"},
		{"somebody in the room has it", vendors.ToChatRooms, places{"v-g": {"bob"}}, map[string][]vendors.Stored{"bob": has}, "1"},
		{"it is not there", vendors.ToGroups, places{"v-g": {"me", "bob"}}, nil, ""},
		{"the sender is alone in it", vendors.ToGroups, places{"v-g": {"me"}}, map[string][]vendors.Stored{"me": has}, ""},
		{"nobody is in the room", vendors.ToChatRooms, places{"v-g": {}}, map[string][]vendors.Stored{"bob": has}, ""},
		{"the room is gone", vendors.ToChatRooms, places{}, map[string][]vendors.Stored{"bob": has}, ""},
		{"another group of our id", vendors.ToGroups, places{"g": {"bob"}}, map[string][]vendors.Stored{"bob": has}, ""},
	} {
		v := &vendors.Vendor{Name: "post", Messages: &post{}, History: past{rows: tc.rows}, GroupLists: tc.in, ChatRooms: tc.in}
		routes, err := vendors.NewRouter([]*vendors.Vendor{v}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := New(routes, nil).WithOwners(func(_ context.Context, _ vendors.TargetKind, id string) (string, string, error) {
			return "post", "v-" + id, nil
		})
		payload, _ := json.Marshal(SentInRows(vendors.Message{Kind: tc.kind, From: "me", To: []string{"g"}, Content: said}))
		_, receipt, err := s.Settle(t.Context(), "post", since, payload)
		got := ""
		if err == nil {
			got = receipt.Targets[0].MessageID
		}
		if got != tc.ids || err != nil && (!errors.Is(err, errUnsettled) || vendors.OutcomeOf(err) == vendors.DefiniteNo) {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
}

// A template is done once each target has the text that was filled in for it.
func TestATemplateInDoubtIsSeenByWhatEachTargetReads(t *testing.T) {
	since := time.Now().Truncate(time.Millisecond)
	row := func(id, text string) []vendors.Stored {
		return []vendors.Stored{{ID: id, From: "me", SentAt: since, Content: vendors.Content{Kind: vendors.Text, Text: text}}}
	}
	fill := func(id, name string) vendors.Filling {
		return vendors.Filling{Target: id, Values: map[string]string{"name": name}}
	}
	for _, tc := range []struct {
		name string
		to   []vendors.Filling
		rows map[string][]vendors.Stored
		ids  string
	}{
		{"all have theirs", []vendors.Filling{fill("a", "Ann"), fill("b", "Bob")}, map[string][]vendors.Stored{"a": row("1", "hello Ann"), "b": row("2", "hello Bob")}, "1 2"},
		{"one has the other's", []vendors.Filling{fill("a", "Ann"), fill("b", "Bob")}, map[string][]vendors.Stored{"a": row("1", "hello Bob"), "b": row("2", "hello Bob")}, ""},
		{"of two fillings the first", []vendors.Filling{fill("a", "Ann"), fill("a", "Eve")}, map[string][]vendors.Stored{"a": row("1", "hello Ann")}, "1"},
		{"the second", []vendors.Filling{fill("a", "Ann"), fill("a", "Eve")}, map[string][]vendors.Stored{"a": row("1", "hello Eve")}, ""},
	} {
		routes, err := vendors.NewRouter([]*vendors.Vendor{{Name: "post", Messages: &post{}, History: past{rows: tc.rows}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(SentFilled(vendors.Template{Kind: vendors.ToUsers, From: "me", Text: "hello {name}", To: tc.to}))
		if err != nil || strings.Contains(string(payload), "hello") || strings.Contains(string(payload), "Ann") {
			t.Fatalf("the ledger keeps %s, %v", payload, err)
		}
		sent, receipt, err := New(routes, nil).Settle(t.Context(), "post", since, payload)
		var ids []string
		for _, target := range receipt.Targets {
			ids = append(ids, target.MessageID)
		}
		if got := strings.Join(ids, " "); got != tc.ids || (err == nil) != (tc.ids != "") || !sent.Rows {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
}
