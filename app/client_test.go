package main

import (
	"errors"
	"testing"

	"switchboard/openapi/client"
)

// The generated Go client against the running program: every API family, and what
// failures look like.
func TestTheGoClientReachesEveryFamily(t *testing.T) {
	p := start(t, nil)
	ctx, server := t.Context(), &client.Client{BaseURL: p.URL, AppID: sandboxApp, AppKey: sandboxKey}
	token, err := server.MintToken(ctx, client.MintTokenBody{Session: "1001", Platform: new(int64(1))})
	if err != nil || token == "" {
		t.Fatal(err)
	}
	user := &client.Client{BaseURL: p.URL, Token: token}
	admin := &client.Client{BaseURL: p.URL, AdminKey: sandboxAdmin}

	if err := user.BeforeMessage(ctx, client.BeforeMessage{RcMsg: "RC:TxtMsg", PeerUID: "1002", Content: new("hello")}); err != nil {
		t.Error(err)
	}
	if texts, err := user.Translate(ctx, client.Translate{Text: []string{"hello", "world"}, Short: "zh"}); err != nil || len(texts) != 2 {
		t.Errorf("%v %v", texts, err)
	}
	fates, err := server.SendTip(ctx, client.Send{From: "1001", Targets: []client.ID{"1002", "1003"}, Msg: "hi"}, client.SendTipParams{IdempotencyKey: "k"})
	if err != nil || fates.Accepted != 2 {
		t.Errorf("%+v %v", fates, err)
	}
	made, err := server.InnerCreate(ctx, client.InnerCreateBody{Sessions: []client.ID{"1001", "1002"}}, client.InnerCreateParams{})
	if err != nil || made.ConversationID == "" {
		t.Fatal(err)
	}
	sent, err := user.GatewaySend(ctx, client.GatewaySendBody{ConversationID: made.ConversationID, Content: new("hello")}, client.GatewaySendParams{})
	if err != nil || sent.MsgID == "" {
		t.Errorf("%+v %v", sent, err)
	}
	history, err := user.GatewayLast30(ctx, client.GatewayLast30Body{ConversationID: made.ConversationID})
	if err != nil || len(history.Msg) != 1 || history.Msg[0].Content != "hello" {
		t.Errorf("%+v %v", history, err)
	}
	if members, err := server.ImMembers(ctx, made.ConversationID, client.ImMembersParams{}); err != nil || len(members) != 2 {
		t.Errorf("%v %v", members, err)
	}
	if vendors, err := admin.Vendors(ctx); err != nil || len(vendors.Vendors) == 0 {
		t.Errorf("%v %v", vendors, err)
	}
	for name, c := range map[string]struct {
		err          error
		status, code int
	}{
		"product":      {user.BeforeMessage(ctx, client.BeforeMessage{PeerUID: "1002"}), 400, 100101},
		"no token":     {server.BeforeMessage(ctx, client.BeforeMessage{}), 401, 100102},
		"conversation": {second(server.ImMembers(ctx, "0123456789abcdef0123456789abcdef", client.ImMembersParams{})), 200, 4011},
		"gateway":      {second(user.GatewayLast30(ctx, client.GatewayLast30Body{ConversationID: "no such"})), 200, 10005},
		"plain":        {second(admin.Explain(ctx, "no such", client.ExplainParams{})), 404, 0},
		"coins":        {second(server.AdjustWallet(ctx, client.Adjust{UID: "99", Delta: -1 << 40, RequestID: "poor"}, client.AdjustWalletParams{})), 200, client.CodeShortBalance},
	} {
		var failure *client.Error
		if !errors.As(c.err, &failure) || failure.Status != c.status || failure.Code != c.code || failure.RequestID == "" {
			t.Errorf("%s: %+v, want status %d and code %d", name, c.err, c.status, c.code)
		}
	}
}

func second[T any](_ T, err error) error { return err }
