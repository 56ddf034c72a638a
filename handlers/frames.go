package handlers

import (
	"encoding/json"
	"strconv"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/realtime"
)

// commandType is the message type that commands have on the gateway.
const commandType = 100

// Command is an instruction of the product to one user's clients, such as those
// of pair matching. It travels as the body of a realtime.Message.
type Command struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"-"`
}

var (
	socketPing = []byte(`{"type":"ping"}`)
	socketKick = []byte(`{"type":"logout.kick"}`)
)

// Encode writes what the hub delivers in the dialect's words; its body is a
// conversation.Message or a Command.
func Encode(d realtime.Dialect, m *realtime.Message) []byte {
	var frame any
	switch body := m.Body.(type) {
	case conversation.Message:
		if d == realtime.Socket {
			frame = socketFrame{"msg.new", newSocketMessage(body)}
		} else {
			frame = newGatewayMessage(body)
		}
	case Command:
		if d == realtime.Socket {
			frame = socketFrame{"cmd", body}
		} else {
			content, _ := json.Marshal(body) // Data was read as JSON
			frame = gatewayMessage{MsgID: m.ID, SendTime: body.At.UnixMicro(), Type: commandType, Content: string(content)}
		}
	}
	text, _ := json.Marshal(frame) // of strings, numbers and checked JSON
	return text
}

// gatewayMessage is MsgData of seed 003. SendTime is in Unix microseconds.
type gatewayMessage struct {
	MsgID          string `json:"MsgId"`
	ConversationID string `json:"ConversationID"`
	FromSession    string `json:"FromSession"`
	SendTime       int64  `json:"SendTime"`
	Status         int    `json:"Status"`
	Type           int    `json:"Type"`
	Content        string `json:"Content"`
}

// newGatewayMessage shows a message without text, as the conversation API may
// send one, by its URL.
func newGatewayMessage(m conversation.Message) gatewayMessage {
	content := m.Text
	if content == "" {
		content = m.URL
	}
	return gatewayMessage{
		MsgID: m.ID, ConversationID: m.Conversation, FromSession: m.From,
		SendTime: m.At.UnixMicro(), Status: m.Status, Type: m.Type, Content: content,
	}
}

type socketFrame struct {
	Type string `json:"type"`
	Data any    `json:"data"`
}

// socketMessage is the data of msg.new in seed 001, with its types: what is none
// is the text "null", and a user id that is a number is one.
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
		FromClient: number(m.From), ConvID: m.Conversation, MsgID: m.ID, CTime: m.At.UnixMilli(), Type: m.Type,
		Text: optional(m.Text), Attr: textOrNull(string(m.Attr)), URL: textOrNull(m.URL),
		Transient: strconv.Itoa(bit(m.Transient)), MentionAll: bit(m.MentionAll), Mentions: jsonText(m.Mentions),
	}
}

// number is the id as a JSON number when it is one.
func number(id string) any {
	if n, err := strconv.ParseInt(id, 10, 53); err == nil && strconv.FormatInt(n, 10) == id {
		return n
	}
	return id
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func textOrNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// jsonText is the list as JSON in a text; none is the text "null".
func jsonText(list []string) string {
	text, _ := json.Marshal(list)
	return string(text)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
