package product

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/credentials"
	"switchboard/app/ledger"
	"switchboard/app/ledger/ledgersql"
	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/rooms"
	"switchboard/app/sqldb/sqldbtest"
	"switchboard/app/translation"
	"switchboard/app/wallet"
	"switchboard/handlers/handlertest"
	"switchboard/middleware"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// acme can everything that the tests ask, unless err is set. Every user has 29
// coins; targets that begin with "no" are not reached.
type acme struct {
	err   error
	calls int
}

func (a *acme) Balance(context.Context, string) (int64, error) { return 29, a.err }

func (a *acme) Adjust(context.Context, vendors.Adjustment) error { a.calls++; return a.err }

func (a *acme) Issue(_ context.Context, u vendors.User) (vendors.Credential, error) {
	return vendors.Credential{SDK: "acme", AppKey: "pub", Token: "t-" + u.ID, ExpiresAt: time.Unix(1_700_000_000, 0)}, a.err
}

func (a *acme) Translate(_ context.Context, t vendors.Translation) (string, error) {
	return strings.ToUpper(t.Text), a.err
}

func (a *acme) Send(_ context.Context, m vendors.Message) (r vendors.Receipt, err error) {
	a.calls++
	for _, to := range m.To {
		t := vendors.TargetResult{Target: to}
		if strings.HasPrefix(to, "no") {
			t.Err = vendors.Refuse("acme", vendors.OpSendUser, vendors.ErrNotFound, "")
		}
		r.Targets = append(r.Targets, t)
	}
	return r, a.err
}

func (a *acme) ListRooms(context.Context, string) (vendors.RoomPage, error) {
	return vendors.RoomPage{Rooms: []vendors.RoomCount{{ID: "r", Session: "s", Users: 2}}, Next: "n", AsOf: time.Unix(7, 0)}, a.err
}

func (a *acme) KickUser(context.Context, vendors.Kick) error { a.calls++; return a.err }

// serve mounts the API over acme, for user u with a token and for app 1 with a key.
func serve(t *testing.T, a *acme) *fiber.App {
	t.Helper()
	v := &vendors.Vendor{
		Name: "acme", Wallet: a, Tokens: a, Translator: a, Messages: a,
		Rooms: vendors.Rooms{List: a, Kick: a}, Limits: vendors.Limits{vendors.OpSendSystem: {}},
	}
	routes, err := vendors.NewRouter([]*vendors.Vendor{v}, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(file, []byte("casino\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	silent := slog.New(slog.DiscardHandler)
	words, err := moderation.New(moderation.Config{File: file, Sync: time.Minute}, moderation.Deps{Log: silent})
	if err != nil {
		t.Fatal(err)
	}
	apps, err := access.New(access.Config{Apps: access.Apps{{ID: "1", Key: "key", JWTSecret: "0123456789abcdef"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	coins := wallet.New(wallet.Prices{Text: 1, Video: 30}, routes)
	store := ledgersql.New(sqldbtest.Open(t, sqldbtest.SQLite(t)))
	book := ledger.New(ledger.Config{FirstCheck: time.Minute, GiveUp: time.Hour}, ledger.Deps{Store: store, Archive: store, Describe: Describe, Log: silent})
	web := fiber.New(fiber.Config{ErrorHandler: Failure, Immutable: true, CaseSensitive: true})
	uncached := func(ctx context.Context, _ string, load func(context.Context) (string, error)) (string, error) {
		return load(ctx)
	}
	kept := upstream.NewCache[credentials.Issued]("tokens", "token.issue", time.Hour, 10)
	issued := credentials.New(credentials.Deps{Routes: routes, Get: kept.Get, Forget: kept.Forget, Wait: time.Second})
	Client{Words: words, Wallet: coins, Credentials: issued, Translations: &translation.Service{Routes: routes, Cache: uncached}}.
		Mount(web.Group("/api/v1", func(c *fiber.Ctx) error {
			if err := middleware.Known(c, middleware.Caller{App: "1", User: "u"}); err != nil {
				return err
			}
			return c.Next()
		}))
	back := web.Group("/api/server", middleware.Server(apps))
	BackEnd{Messages: messages.New(routes, nil), Wallet: coins, Ledger: book}.Mount(back)
	Rooms{Rooms: rooms.New(routes, nil), Ledger: book}.Mount(back)
	return web
}

func TestRequestsAreAnsweredInTheProductsEnvelope(t *testing.T) {
	web := serve(t, &acme{})
	for _, c := range []struct{ name, request, body, want string }{
		{"a text", "POST /api/v1/im/before/check", `{"rc_msg":"RC:TxtMsg","peer_uid":7,"content":"hello"}`, `200 {"code":0,"data":null,"err":null,"time":0}`},
		{"a sensitive word", "POST /api/v1/im/before/check", `{"param":{"rc_msg":"RC:TxtMsg","peer_uid":"7","content":"a casino"}}`, `200 {"code":100002,"data":null,"err":"the text holds a sensitive word","time":0}`},
		{"no type", "POST /api/v1/im/before/check", `{"peer_uid":7}`, `400 {"code":100101,"data":null,"err":"rc_msg is required","time":0}`},
		{"no peer", "POST /api/v1/im/before/check", `{"rc_msg":"x"}`, `400 {"code":100101,"data":null,"err":"peer_uid is required","time":0}`},
		{"a peer that is no id", "POST /api/v1/im/before/check", `{"rc_msg":"x","peer_uid":1.5}`, `400 {"code":100101,"data":null,"err":"peer_uid: text or a whole number is required","time":0}`},
		{"too few coins", "POST /api/v1/video/before/check", ``, `200 {"code":1003,"data":null,"err":"the balance is too short","time":0}`},
		{"one text", "POST /api/v1/translate/action", `{"text":"a","short":"en"}`, `200 {"code":0,"data":["A"],"err":null,"time":0}`},
		{"texts", "POST /api/v1/translate/action", `{"text":["a","b"],"short":"en"}`, `200 {"code":0,"data":["A","B"],"err":null,"time":0}`},
		{"no text", "POST /api/v1/translate/action", `{"short":"en"}`, `400 {"code":100101,"data":null,"err":"text: at least one is required","time":0}`},
		{"no language", "POST /api/v1/translate/action", `{"text":"a","short":"?"}`, `400 {"code":100101,"data":null,"err":"not a language code: want one such as zh, en or pt-BR","time":0}`},
		{"a token", "POST /api/v1/im/token", `{}`, `200 {"code":0,"data":{"sdk":"acme","app_key":"pub","token":"t-u","open_id":null,"expires_at":1700000000},"err":null,"time":0}`},
		{"coins", "GET /api/v1/wallet", ``, `200 {"code":0,"data":{"balance":29},"err":null,"time":0}`},
		{"no targets", "POST /api/server/im/send/tip", `{"from":1,"targets":[],"msg":"x"}`, `400 {"code":100101,"data":null,"err":"targets: at least one is required","time":0}`},
		{"no message", "POST /api/server/im/send/tip", `{"from":1,"targets":[2],"msg":" "}`, `400 {"code":100101,"data":null,"err":"msg is required","time":0}`},
		{"all reached", "POST /api/server/im/send/tip", `{"from":1,"targets":[2,"3"],"msg":"x"}`, `200 {"code":0,"data":{"accepted":2,"failed":[]},"err":null,"time":0}`},
		{"some reached", "POST /api/server/im/send/system", `{"from":1,"targets":["no","3"],"msg":"x"}`, `200 {"code":100112,"data":{"accepted":1,"failed":[{"target":"no","code":100104,"err":"the vendor knows no such user, group or room"}]},"err":"some targets were not reached: 1 of 2","time":0}`},
		{"an adjustment", "POST /api/server/wallet/adjust", `{"uid":1,"delta":5,"request_id":"o1"}`, `200 {"code":0,"data":{"request_id":"o1"},"err":null,"time":0}`},
		{"nothing to adjust", "POST /api/server/wallet/adjust", `{"uid":1,"request_id":"o1"}`, `400 {"code":100101,"data":null,"err":"delta: a whole number of coins other than 0 is required","time":0}`},
		{"another vendor", "GET /api/server/rooms?vendor=other", ``, `400 {"code":100101,"data":null,"err":"vendor: not on the rooms route","time":0}`},
		{"rooms", "GET /api/server/rooms", ``, `200 {"code":0,"data":{"as_of":7,"next":"n","rooms":[{"room":"r","session":"s","users":2}]},"err":null,"time":0}`},
		{"what no vendor can", "POST /api/server/rooms/r/dissolve", `{}`, `501 {"code":100111,"data":{"able":[]},"err":"acme cannot dissolve a room; no configured vendor can","time":0}`},
		{"a kick for ever", "POST /api/server/rooms/r/kick", `{"user":1,"seconds":99999999}`, `400 {"code":100101,"data":null,"err":"seconds: a number from 0 to 31622400 is required","time":0}`},
		{"a bad page", "GET /api/server/users/u/calls?day=2026-01-01&limit=0", ``, `400 {"code":100101,"data":null,"err":"limit: a number from 1 to 100 is required","time":0}`},
		{"another method", "GET /api/v1/im/token", ``, `405 {"code":100105,"data":null,"err":"this path has another method","time":0}`},
		{"no such path", "GET /api/server/nothing", ``, `404 {"code":100104,"data":null,"err":"no such path","time":0}`},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		got, _ := handlertest.Do(t, web, handlertest.Request{Method: method, Path: path, Body: c.body, Header: []string{"app-id: 1", "app-key: key"}})
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// A repeat is given the bytes of the first answer, whatever that was, unless nothing was made.
func TestARepeatIsGivenTheFirstAnswer(t *testing.T) {
	doubt := &vendors.Error{Op: "x", Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true, Err: errors.New("secret")}
	const tip, adjust, kick = "/api/server/im/send/tip", "/api/server/wallet/adjust", "/api/server/rooms/r/kick"
	for _, c := range []struct {
		name, path, body string
		err              error
		want             string
		made             int // of two requests
	}{
		{"sent", tip, `{"from":1,"targets":[2],"msg":"x"}`, nil, `200 {"code":0,"data":{"accepted":1,"failed":[]},"err":null,"time":0}`, 1},
		{"sent to some", tip, `{"from":1,"targets":[2,"no"],"msg":"x"}`, nil, `200 {"code":100112,"data":{"accepted":1,"failed":[{"target":"no","code":100104,"err":"the vendor knows no such user, group or room"}]},"err":"some targets were not reached: 1 of 2","time":0}`, 1},
		{"in doubt", tip, `{"from":1,"targets":[2],"msg":"x"}`, doubt, `504 {"code":100109,"data":{"accepted":0,"failed":[{"target":"2","code":100109,"err":"the outcome is unknown: it may have been done"}]},"err":"the outcome is unknown: it may have been done","time":0}`, 1},
		{"applied", adjust, `{"uid":1,"delta":5,"request_id":"o1"}`, nil, `200 {"code":0,"data":{"request_id":"o1"},"err":null,"time":0}`, 1},
		{"too few coins: after a top-up it may be tried again", adjust, `{"uid":1,"delta":-5,"request_id":"o1"}`, vendors.Refuse("acme", vendors.OpAdjust, vendors.ErrInsufficient, ""), `200 {"code":1003,"data":null,"err":"the balance is too short","time":0}`, 2},
		{"not sent: it may be tried again", adjust, `{"uid":1,"delta":5,"request_id":"o1"}`, &vendors.Error{Op: "x", Outcome: vendors.NotSent}, `503 {"code":100108,"data":null,"err":"the vendor is unavailable; try again later","time":0}`, 2},
		{"kicked", kick, `{"user":1}`, nil, `200 {"code":0,"data":null,"err":null,"time":0}`, 1},
		{"nobody to kick", kick, `{"user":1}`, vendors.Refuse("acme", vendors.OpRoomKick, vendors.ErrNotFound, ""), `404 {"code":100104,"data":null,"err":"the vendor knows no such user, group or room","time":0}`, 1},
	} {
		a := &acme{err: c.err}
		web := serve(t, a)
		for i := range 2 {
			got, header := handlertest.Do(t, web, handlertest.Request{Path: c.path, Body: c.body, Header: []string{"app-id: 1", "app-key: key", "Idempotency-Key: k"}})
			if got != c.want {
				t.Errorf("%s, request %d:\n got %s\nwant %s", c.name, i+1, got, c.want)
			}
			if replayed := header["Idempotent-Replayed"] != nil; replayed != (i == 1 && c.made == 1) {
				t.Errorf("%s, request %d: replayed %v", c.name, i+1, replayed)
			}
		}
		if a.calls != c.made {
			t.Errorf("%s: made %d times", c.name, a.calls)
		}
	}
}

// A code tells its status, so that the ledger keeps the code alone.
func TestEveryCodeHasOneStatus(t *testing.T) {
	seen := map[int]bool{}
	for kind, code := range kinds {
		if seen[code] {
			t.Errorf("%d stands for two kinds", code)
		}
		seen[code] = true
		if StatusOf(code) < 400 {
			t.Errorf("kind %d: status %d", kind, StatusOf(code))
		}
	}
	for _, row := range coded {
		if seen[row.code] || StatusOf(row.code) != 200 {
			t.Errorf("%v: code %d, status %d", row.match, row.code, StatusOf(row.code))
		}
	}
	if StatusOf(0) != 200 {
		t.Error("success is no success")
	}
}
