package rongcloud

import (
	"context"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// Broadcast reaches every user of the application, or those who are online.
// Where the service is off the vendor answers 1009
// (docs/vendors/rongcloud.md#broadcasts).
func (a *adapter) Broadcast(ctx context.Context, b vendors.Broadcast) (string, error) {
	op, path := vendors.OpBroadcast, "/message/broadcast.json"
	if b.OnlineOnly {
		op, path = vendors.OpBroadcastOnline, "/message/online/broadcast.json"
	}
	typ, content, err := a.content(op, b.Content)
	if err != nil {
		return "", err
	}
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{b.From}, Content: content}); err != nil {
		return "", err
	}
	form := upstream.Fields{{"fromUserId", b.From}, {"objectName", typ}, {"content", content}}
	var out struct {
		ID upstream.Text `json:"messageUID"`
	}
	err = a.up.Do(ctx, a.form(ctx, op, upstream.Write, path, form), &out)
	return string(out.ID), err
}
