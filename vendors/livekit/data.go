package livekit

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// textTopic is the topic of a text: {"from","text"}, and "to" when it is for one
// (docs/vendors/livekit.md#data).
const textTopic = "switchboard.text"

type roomText struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
	Text string `json:"text"`
}

// PushText sends a text as reliable data.
func (a *adapter) PushText(ctx context.Context, t vendors.RoomText) error {
	op := vendors.OpRoomPush
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{t.Room}, Content: t.Text}); err != nil {
		return err
	}
	if t.Text == "" {
		return a.refuse(op, vendors.ErrInvalid, "the text is empty")
	}
	body, err := json.Marshal(roomText{From: t.From, To: t.To, Text: t.Text})
	if err != nil {
		return a.refuse(op, vendors.ErrInvalid, "the text cannot be written as JSON")
	}
	p := vendors.RoomPacket{Room: t.Room, Topic: textTopic, Data: body, Reliable: true}
	if t.To != "" {
		p.To = []string{t.To}
	}
	return a.send(ctx, op, p)
}

// SendData sends data to those who are in the room now.
func (a *adapter) SendData(ctx context.Context, p vendors.RoomPacket) error {
	op := vendors.OpRoomData
	if err := limits.Check(a.name, op, vendors.Size{IDs: append([]string{p.Room}, p.To...), Content: string(p.Data)}); err != nil {
		return err
	}
	switch {
	case len(p.Data) == 0:
		return a.refuse(op, vendors.ErrInvalid, "there is no data")
	case !p.Reliable && len(p.Data) > maxLossy:
		return a.refuse(op, vendors.ErrTooLarge, "data that is sent once has at most 1300 bytes")
	}
	return a.send(ctx, op, p)
}

// send makes the call. A receiver drops a packet whose nonce it has seen, so one with
// a key may be sent again.
func (a *adapter) send(ctx context.Context, op string, p vendors.RoomPacket) error {
	body := map[string]any{"room": p.Room, "data": p.Data, "kind": "LOSSY"}
	if p.Reliable {
		body["kind"] = "RELIABLE"
	}
	if p.Topic != "" {
		body["topic"] = p.Topic
	}
	if len(p.To) > 0 {
		body["destination_identities"] = p.To
	}
	if p.Key != "" {
		nonce := sha256.Sum256([]byte(p.Key))
		body["nonce"] = nonce[:16]
	}
	call := a.call(op, upstream.Write, sendData, p.Room, body, "")
	call.Idempotent = p.Key != ""
	return a.doToRoom(ctx, call, p.Room)
}
