package linkv

import (
	"math"
	"strings"
	"testing"
)

func TestCoinsChangeOncePerRequestID(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	for _, row := range []struct {
		name, uid, id, kind, value, code string
		coins                            int64
	}{
		{"add", openID, "r1", "1", "10", "200", 1010},
		{"again", openID, "r1", "1", "10", "200", 1010},
		{"other value", openID, "r1", "1", "11", "9013", 1010},
		{"other direction", openID, "r1", "2", "10", "9013", 1010},
		{"remove", openID, "r2", "2", "1000", "200", 10},
		{"too much", openID, "r3", "2", "11", "9012", 10},
		{"the refused id again", openID, "r3", "2", "10", "200", 0},
		{"unknown user", "123", "r4", "1", "1", "9011", 0},
		{"no amount", openID, "r5", "1", "0", "400", 0},
		{"negative", openID, "r5", "1", "-5", "400", 0},
		{"as much as one change may be", openID, "r5", "1", "999999999999999999", "200", 999999999999999999},
		{"unknown type", openID, "r6", "3", "1", "400", 999999999999999999},
	} {
		a := r.live("/open/finanv0/changeGold", "uid", row.uid, "request_id", row.id, "type", row.kind, "value", row.value)
		if a.code() != row.code || r.Balance(openID) != row.coins {
			t.Fatalf("%s: %v, balance %d", row.name, a, r.Balance(openID))
		}
		if row.code != "200" && (len(a["data"].([]any)) != 0 || a["msg"] == "") {
			t.Fatalf("%s: %v", row.name, a)
		}
	}
}

func TestABalanceDoesNotWrapRound(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	r.SetBalance("ann", math.MaxInt64-5)
	r.want(r.live("/open/finanv0/changeGold", "uid", openID, "request_id", "r1", "type", "1", "value", "6"), "400")
	r.want(r.live("/open/finanv0/changeGold", "uid", openID, "request_id", "r1", "type", "1", "value", "5"), "200")
	if got := r.Balance("ann"); got != math.MaxInt64 {
		t.Fatal(got)
	}
}

func TestAnOrderAnswersTheBalance(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	order := []string{"uid", openID, "request_id", "r1", "type", "1", "value", "10", "order_id", "o1", "expriation", "1795306725.0", "money", "99", "channel", "", "platform", "ios"}
	for range 2 {
		a := r.live("/open/finanv0/orderSuccess", order...)
		r.want(a, "200")
		if a["data"].(map[string]any)["tokens"] != "1010" {
			t.Fatal(a)
		}
	}
	r.want(r.live("/open/finanv0/orderSuccess", append(order, "order_id", "")...), "200")
	r.want(r.live("/open/finanv0/orderSuccess", append(order, "platform", "tv")...), "400")
	r.want(r.live("/open/finanv0/changeGold", "uid", openID, "request_id", "r1", "type", "1", "value", "10"), "9013")
}

func TestTheAmbiguousEventPathIsToldApartByItsFields(t *testing.T) {
	r := start(t)
	openID := r.Register("ann")
	gold := r.live("/api/rest/sendEventMsg", "uid", openID, "request_id", "r1", "type", "2", "value", "100")
	r.want(gold, "200")
	if gold["status"] != "200" || gold["code"] != nil || r.Balance("ann") != 900 {
		t.Fatal(gold, r.Balance("ann"))
	}
	r.want(r.live("/open/finanv0/changeGold", "uid", openID, "request_id", "r1", "type", "2", "value", "100"), "200")
	event := r.im("/api/rest/sendEventMsg", "ann", "fromUserId", "ann", "toUserId", "bob", "objectName", "x", "content", "c")
	r.want(event, "200")
	r.want(r.im("/api/rest/sendEventMsg?nonce_str=x", "ann", "fromUserId", "ann", "toUserId", "cid", "content", "c"), "200")
	if got := r.Inbox("bob"); r.Balance("ann") != 900 || len(got) != 1 || got[0].Kind != "event" {
		t.Fatal(got, r.Balance("ann"))
	}
}

func TestTheLiveSideWantsNameAndPortraitTheFirstTime(t *testing.T) {
	r := start(t)
	r.want(r.live("/open/v0/thGetToken", "userId", "ann", "aid", "x"), "400")
	r.want(r.live("/open/v0/thGetToken", "userId", "ann", "aid", "x", "name", strings.Repeat("n", 129), "portraitUri", "p"), "400")
	first := r.live("/open/v0/thGetToken", "userId", "ann", "aid", "x", "name", "Ann", "portraitUri", "p")
	r.want(first, "200")
	again := r.live("/open/v0/thGetToken", "userId", "ann")
	r.want(again, "200")
	one, two := first["data"].(map[string]any), again["data"].(map[string]any)
	if one["openId"] != two["openId"] || len(one["openId"].(string)) != 21 || one["token"] == two["token"] || one["aid"] != "x" {
		t.Fatal(one, two)
	}
	if r.TokenUser(one["im_token"].(string)) != "ann" || r.Balance("ann") != 1000 {
		t.Fatal("the IM token or the first coins are missing")
	}
}

func TestTheAdminAPIActsAsClientsAndConsole(t *testing.T) {
	r := start(t)
	for _, row := range []struct {
		name, body string
		status     int
	}{
		{"client.online", `{"user":"ann"}`, 200},
		{"client.room.join", `{"user":"ann","room":"r1"}`, 200},
		{"client.room.join", `{"user":"ann"}`, 400},
		{"coins.set", `{"user":"ann","coins":77}`, 200},
		{"coins.set", `{"user":"ann","coins":-1}`, 400},
		{"coins.set", `{"coins":1}`, 400},
		{"coins.set", `77`, 400},
		{"client.dance", `{"user":"ann"}`, 400},
	} {
		res, err := r.client.Post(r.url+"/_mock/callbacks/"+row.name, "application/json", strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != row.status {
			t.Errorf("%s %s: %d", row.name, row.body, res.StatusCode)
		}
	}
	r.want(r.im("/api/rest/room/sendRoomMessage", "bob", "roomId", "r1", "content", "hi"), "200")
	if online := r.im("/api/rest/userOnlineStatus", "ann", "userId", "ann"); online["data"] != 1.0 || r.Balance("ann") != 77 || len(r.Inbox("ann")) != 1 {
		t.Fatal(online, r.Balance("ann"), r.Inbox("ann"))
	}
}
