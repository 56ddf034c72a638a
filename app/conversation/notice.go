package conversation

import "encoding/json"

// Notice tells of a change of a conversation's members. It stands in the log of the
// app, among the messages and in their order, so that sessions get and resume it like
// them; it is no part of any history and counts nowhere.
type Notice struct {
	What  Change   `json:"notice"`
	By    string   `json:"by"`    // whose wish it was; empty: the app's server
	Users []string `json:"users"` // whom it is about, at most noticeUsers of Count
	Count int      `json:"count"`
}

// Change is what happened.
type Change string

// The changes. Who joins or leaves by themselves is added or removed by themselves.
const (
	Created Change = "created"
	Added   Change = "added"
	Removed Change = "removed"
	Closed  Change = "closed" // for all; it is about nobody
)

const (
	noticeUsers   = 100 // named in a notice
	noticeMembers = 500 // a larger conversation tells of a change only those whom it is about
)

// NewNotice is the log's entry for a change that version of c's member list made: for
// all members, or in chat rooms and large conversations for users alone.
func NewNotice(tick Tick, c Conversation, version int64, what Change, by string, users []string) Message {
	n := Notice{What: what, By: by, Users: users[:min(len(users), noticeUsers)], Count: len(users)}
	if n.Users == nil {
		n.Users = []string{}
	}
	text, _ := json.Marshal(n) // strings always marshal
	return Message{
		App: c.App, Conversation: c.ID, ID: MessageID(tick, c.Type, c.ID), Seq: -version, Text: string(text),
		Mentions: users, MentionAll: what == Closed || c.Type != ChatRoom && c.Members <= noticeMembers, At: tick.Time(),
	}
}

// Notice reads what NewNotice wrote; nil for a message.
func (m Message) Notice() *Notice {
	var n Notice
	if m.Seq >= 0 || json.Unmarshal([]byte(m.Text), &n) != nil {
		return nil
	}
	return &n
}
