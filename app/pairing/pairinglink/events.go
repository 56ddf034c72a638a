package pairinglink

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

// event is one step as the business server is told of it; the higher
// version of an ask is the later.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      eventData `json:"data"`
}

type eventData struct {
	App     string     `json:"app"`
	AskNo   string     `json:"ask_no"`
	Version int64      `json:"version"`
	UID     ticket.UID `json:"uid"`
	PeerUID ticket.UID `json:"peer_uid,omitempty"`
	RoundNo int        `json:"round_no"`
	Reason  string     `json:"reason,omitempty"`
	CallID  string     `json:"call_id,omitempty"`
	StartAt int64      `json:"start_at,omitempty"`
}

// notify posts a signed event. Its id is the same at every attempt.
func (l *Link) notify(ctx context.Context, n pairing.Notice) error {
	if l.webhook == nil {
		return nil
	}
	body, err := json.Marshal(event{Type: n.Name, Timestamp: n.At.Time().UTC(), Data: eventData{
		App: n.App, AskNo: n.AskNo, Version: n.Version, UID: n.UID, PeerUID: n.Peer, RoundNo: n.Round,
		Reason: string(n.Reason), CallID: n.CallID, StartAt: n.StartAt,
	}})
	if err != nil {
		return err
	}
	_, err = l.webhook.Post(ctx, fmt.Sprintf("%s:%d:%s:%d", n.AskNo, n.Version, n.Name, n.UID), body)
	return err
}

// VendorEvents passes what vendors report to pair matching.
type VendorEvents struct {
	Service *pairing.Service
	Apps    []string
	Log     *slog.Logger
}

// Handle passes one event on. A vendor knows no apps: one account serves them all,
// and so the event is for each.
func (h VendorEvents) Handle(ctx context.Context, e vendors.Event) {
	if e.Vendor == vendors.VendorSelf {
		return // presence was reported as it changed
	}
	for _, app := range h.Apps {
		if e.App != "" && e.App != app {
			continue // its account, or its room, is another app's
		}
		if err := h.Service.HandleVendorEvent(ctx, app, e); err != nil && ctx.Err() == nil {
			h.Log.Warn("vendor event lost", "component", "pairing", "event", e.ID, "error", err)
		}
	}
}
