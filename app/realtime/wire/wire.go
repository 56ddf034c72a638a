// Package wire writes what the hub delivers in the words of the two realtime
// APIs: the gateway API (/notify) and the conversation API (/im/socket).
package wire

import (
	"encoding/json"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/realtime"
)

// Command is an instruction of the product to one user's clients, such as those
// of pair matching. It travels as the body of a realtime.Message.
type Command struct {
	Name string          `json:"name"`
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"-"`
}

// Encode implements realtime.Encoder. The message's body is a
// conversation.Message or a Command.
func Encode(d realtime.Dialect, m *realtime.Message) []byte {
	var frame any
	switch body := m.Body.(type) {
	case conversation.Message:
		notice := body.Notice()
		switch {
		case d == realtime.Gateway:
			frame = NewGatewayMessage(body)
		case notice != nil:
			frame = socketFrame{"conv.notice", newSocketNotice(body, *notice)}
		default:
			frame = socketFrame{"msg.new", newSocketMessage(body)}
		}
	case Command:
		if d == realtime.Socket {
			frame = socketFrame{"cmd", body}
		} else {
			frame = newGatewayCommand(m.ID, body)
		}
	}
	text, _ := json.Marshal(frame) // of strings, numbers and checked JSON
	return text
}
