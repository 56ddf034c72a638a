package pairinglink

import (
	"context"
	"encoding/json"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/realtime"
	"switchboard/vendors"
)

// commandBody is the data of a command; what the product API does not have is left out
// where the configuration says so.
type commandBody struct {
	AskNo   string       `json:"ask_no"`
	AskUID  ticket.UID   `json:"ask_uid"`
	RoundNo int          `json:"round_no"`
	PeerUID ticket.UID   `json:"peer_uid,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	TTL     int64        `json:"ttl_ms,omitempty"`
	Connect int64        `json:"connect_ttl_ms,omitempty"`
	Scene   *int         `json:"scene,omitempty"`
	Record  *recordStart `json:"record,omitempty"`
}

type recordStart struct {
	StartAt int64 `json:"start_at"`
}

func commandData(c pairing.Command) (json.RawMessage, error) {
	d := commandBody{AskNo: c.AskNo, AskUID: c.Asker, RoundNo: c.Round}
	if c.Extra {
		d.Scene, d.Reason, d.PeerUID = &c.Scene, string(c.Reason), c.Peer
		switch c.Name {
		case ticket.CommandDispatch:
			d.PeerUID, d.TTL = 0, c.TTL.Milliseconds()
		case ticket.CommandMatched:
			d.Connect = c.TTL.Milliseconds()
		case ticket.CommandEnd:
			if c.StartAt != 0 {
				d.Record = &recordStart{c.StartAt}
			}
		}
	}
	return json.Marshal(d)
}

// commandKept is how long a session that resumes is still given a command that
// does not say itself how long it is worth acting on.
const commandKept = 30 * time.Second

// send carries a command to the person's sockets, and over the messages route where
// there is none, or none that is reached.
func (l *Link) send(ctx context.Context, c pairing.Command) error {
	data, err := commandData(c)
	if err != nil {
		return err
	}
	ttl := c.TTL
	if ttl <= 0 {
		ttl = commandKept
	}
	to := realtime.User{App: c.App, ID: c.To.String()}
	l.deps.Command(to, c.Name, data, ttl)
	if c.Socket && l.deps.Reaches(to) {
		return nil
	}
	m := vendors.Message{Kind: vendors.ToUsers, From: l.cfg.From, To: []string{c.To.String()},
		Content: vendors.Content{Kind: vendors.Command, Name: c.Name, Data: data}}
	receipt, err := vendors.Via(vendors.WithApp(ctx, c.App), l.deps.Routes, vendors.Request{Capability: vendors.CapMessages, Effect: vendors.Write, Sticky: c.App + "/" + c.AskNo},
		func(ctx context.Context, v *vendors.Vendor) (vendors.Receipt, error) { return v.Messages.Send(ctx, m) })
	if err == nil && len(receipt.Targets) == 1 {
		err = receipt.Targets[0].Err
	}
	return err
}

// channelUp: some vendor of the messages route takes writes.
func (l *Link) channelUp() bool {
	for _, v := range l.deps.Routes.Route(vendors.CapMessages) {
		if v.Connection == nil || v.Connection.Healthy("write") {
			return true
		}
	}
	return false
}
