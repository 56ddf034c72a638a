package wire

import (
	"cmp"
	"encoding/json"

	"switchboard/app/conversation"
)

// commandType is the message type that commands have on the gateway.
const commandType = 100

// GatewayMessage is a message as the gateway API shows it, in the history too.
type GatewayMessage struct {
	MsgID          string `json:"MsgId"`
	ConversationID string `json:"ConversationID"`
	FromSession    string `json:"FromSession"`
	SendTime       int64  `json:"SendTime"` // Unix microseconds
	Status         int    `json:"Status"`
	Type           int    `json:"Type"`
	Content        string `json:"Content"`
}

// NewGatewayMessage shows a message without text, as the conversation API may
// send one, by its URL, or by its attr: a location has nothing else.
func NewGatewayMessage(m conversation.Message) GatewayMessage {
	return GatewayMessage{
		MsgID: m.ID, ConversationID: m.Conversation, FromSession: m.From,
		SendTime: m.At.UnixMicro(), Status: m.Status, Type: m.Type, Content: cmp.Or(m.Text, m.URL, string(m.Attr)),
	}
}

// newGatewayCommand carries a command as the JSON text of a message without a
// conversation.
func newGatewayCommand(id string, c Command) GatewayMessage {
	content, _ := json.Marshal(c) // Data was read as JSON
	return GatewayMessage{MsgID: id, SendTime: c.At.UnixMicro(), Type: commandType, Content: string(content)}
}
