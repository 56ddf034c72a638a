package wire

import (
	"encoding/json"
	"strconv"

	"switchboard/app/conversation"
)

// The control frames of the conversation API's socket.
var (
	SocketPing = []byte(`{"type":"ping"}`)
	SocketKick = []byte(`{"type":"logout.kick"}`)
)

type socketFrame struct {
	Type string `json:"type"`
	Data any    `json:"data"`
}

// socketMessage is the data of msg.new. A value that a message lacks is the text
// "null", and a user id that is a number is sent as one.
type socketMessage struct {
	FromClient any     `json:"from_client"`
	ConvID     string  `json:"conv_id"`
	MsgID      string  `json:"msg_id"`
	CTime      int64   `json:"ctime"` // Unix milliseconds
	Type       int     `json:"type"`
	Text       *string `json:"text"`
	Attr       string  `json:"attr"`
	URL        string  `json:"url"`
	Transient  string  `json:"transient"`
	MentionAll int     `json:"mention_all"`
	Mentions   string  `json:"mention_client_ids"`
}

func newSocketMessage(m conversation.Message) socketMessage {
	return socketMessage{
		FromClient: clientID(m.From), ConvID: m.Conversation, MsgID: m.ID, CTime: m.At.UnixMilli(), Type: m.Type,
		Text: TextOrNil(m.Text), Attr: TextOrNull(string(m.Attr)), URL: TextOrNull(m.URL),
		Transient: strconv.Itoa(Flag(m.Transient)), MentionAll: Flag(m.MentionAll), Mentions: ListText(m.Mentions),
	}
}

// socketNotice is the data of conv.notice, which is ours.
type socketNotice struct {
	ConvID  string              `json:"conv_id"`
	MsgID   string              `json:"msg_id"`
	CTime   int64               `json:"ctime"` // Unix milliseconds
	Notice  conversation.Change `json:"notice"`
	By      *string             `json:"by"` // null: the app's server
	Clients []string            `json:"client_ids"`
	Count   int                 `json:"count"`
}

func newSocketNotice(m conversation.Message, n conversation.Notice) socketNotice {
	return socketNotice{m.Conversation, m.ID, m.At.UnixMilli(), n.What, TextOrNil(n.By), n.Users, n.Count}
}

// clientID is the id as a JSON number when it is one that a JavaScript client
// reads exactly, in its canonical form.
func clientID(id string) any {
	if n, err := strconv.ParseInt(id, 10, 53); err == nil && strconv.FormatInt(n, 10) == id {
		return n
	}
	return id
}

// TextOrNil is JSON null for an empty text.
func TextOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// TextOrNull is the text "null" for an empty one.
func TextOrNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// ListText is the list as JSON in a text; one without entries is the text "null".
func ListText(list []string) string {
	if len(list) == 0 {
		return "null"
	}
	text, _ := json.Marshal(list)
	return string(text)
}

// Flag is 1 for true.
func Flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
