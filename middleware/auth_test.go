package middleware

import (
	"errors"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
)

// ask sends a request with the header lines through guard and returns why it was
// refused; nil: it was let in. The peer is 0.0.0.0.
func ask(t *testing.T, guard fiber.Handler, header string) (r state, refused error) {
	t.Helper()
	web := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error {
		refused = err
		return c.SendStatus(fiber.StatusTeapot)
	}})
	web.Get("/", guard, func(c *fiber.Ctx) error {
		r = *stateOf(c)
		return nil
	})
	in := httptest.NewRequest("GET", "/", nil)
	in.Host = "127.0.0.1:8081"
	for line := range strings.Lines(header) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if in.Header.Add(name, value); name == "Host" {
			in.Host = value
		}
	}
	res, err := web.Test(in)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return r, refused
}

func TestWhoMayCallIsDecidedByTokenKeyAndAddress(t *testing.T) {
	const secret = "0123456789abcdef"
	apps, err := access.New(access.Config{TokenTTL: time.Hour, Apps: access.Apps{
		{ID: "1", Key: "key", JWTSecret: secret}, {ID: "2", Key: "key2", JWTSecret: secret},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := apps.Mint("1", "alice", 1)
	if err != nil {
		t.Fatal(err)
	}
	here, nowhere := ByAddress{Allowed: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}}, ByAddress{}
	client, server, inner, shut := Client(apps), Server(apps), Inner(apps, here), Inner(apps, nowhere)
	admin, keyless, closed := Admin(access.Operators{AdminKey: "master"}, here), Admin(access.Operators{}, here), Admin(access.Operators{AdminKey: "master"}, nowhere)
	for _, c := range []struct {
		name   string
		guard  fiber.Handler
		header string
		want   error
	}{
		{"a token", client, "Authorization: Bearer " + token, nil},
		{"a token without the word", client, "Authorization: " + token, nil},
		{"a token and its app", client, "app-id: 1\nAuthorization: bearer " + token, nil},
		{"a token and another app", client, "IM-APP-ID: 2\nAuthorization: " + token, ErrOtherApp},
		{"no token", client, "Authorization: ", ErrNoToken},
		{"nonsense for a token", client, "Authorization: Bearer x", access.ErrToken},
		{"a key", server, "app-id: 2\napp-key: key2", nil},
		{"another app's key", server, "app-id: 2\napp-key: key", access.ErrServerKey},
		{"no key", server, "app-id: 1", ErrNoKey},
		{"inside by address", inner, "app-id: 1", nil},
		{"inside by address, of no app", inner, "app-id: 9", access.ErrUnknownApp},
		{"inside by key from elsewhere", shut, "app-id: 1\napp-key: key", nil},
		{"elsewhere without a key", shut, "app-id: 1\nX-Forwarded-For: 127.0.0.1", ErrForbidden},
		{"inside with a wrong key", inner, "app-id: 1\napp-key: no", access.ErrServerKey},
		{"an operator", admin, "admin-key: master", nil},
		{"an operator by bearer", admin, "Authorization: Bearer master", nil},
		{"an operator with a wrong key", admin, "admin-key: mast", ErrAdminKey},
		{"no operators are configured", keyless, "admin-key: ", ErrAdminKey},
		{"an operator from elsewhere", closed, "admin-key: master", ErrForbidden},
		{"metrics from here", here.Only, "", nil},
		{"metrics from elsewhere", nowhere.Only, "", ErrForbidden},
	} {
		if _, got := ask(t, c.guard, c.header); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if r, _ := ask(t, client, "Authorization: "+token); r.caller.App != "1" || r.caller.User != "alice" {
		t.Errorf("the caller is %+v", r.caller)
	}
	if r, _ := ask(t, inner, "app-id: 2\napp-key: key2"); r.app.ID != "2" {
		t.Errorf("the app is %q", r.app.ID)
	}
}
