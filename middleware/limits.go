package middleware

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/problem"
	"switchboard/app/ratelimit"
	"switchboard/vendors"
)

// Limits is how often who calls. The zero Limits let everybody call.
type Limits struct {
	Rates *ratelimit.Limiter
	// Failed is told what was shown by a caller who was not believed.
	Failed func(Credential)
}

// Credential is what a caller shows to be believed.
type Credential string

// The credentials. None is a caller who shows nothing.
const (
	None      Credential = "none"
	Token     Credential = "token"
	AppKey    Credential = "app-key"
	AdminKey  Credential = "admin-key"
	Signature Credential = "signature"
)

// shown is the credential of a request, right or wrong.
func shown(c *fiber.Ctx) Credential {
	switch path := c.Path(); {
	case strings.HasPrefix(path, "/callbacks/"):
		return Signature
	case c.Get(headerAdminKey) != "", strings.HasPrefix(path, "/admin") && Bearer(c) != "":
		return AdminKey
	case c.Get(HeaderAppKey) != "":
		return AppKey
	case Bearer(c) != "", c.Query("token") != "":
		return Token
	}
	return None
}

// probes are asked by who watches this process, and are answered always.
var probes = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}

// Guard counts callers who show nothing by their address, and failures of those who
// show something. Who was proven is counted by Known. Keys of an address that failed
// too often are not looked at, right or wrong: it could else go on guessing. Tokens
// and signatures are: they cannot be guessed, and may be somebody else's behind the
// same address.
func (l Limits) Guard(c *fiber.Ctx) error {
	stateOf(c).limits = l
	what := shown(c)
	switch {
	case l.Rates == nil || probes[c.Path()]:
		return c.Next()
	case what == None:
		if err := l.Rates.Peer(c.UserContext(), PeerOf(c)); err != nil {
			return err
		}
	case what == AppKey || what == AdminKey:
		if err := l.Rates.Barred(PeerOf(c)); err != nil {
			return err
		}
	}
	err := c.Next()
	if refused := l.visit(c, what).Note(c.UserContext(), causeOf(c, err)); refused != nil && err != nil {
		return refused
	}
	return err
}

// causeOf is why the request failed, also where its answer is a stream's.
func causeOf(c *fiber.Ctx, err error) error {
	if err == nil {
		return stateOf(c).cause
	}
	return err
}

// Visit is a caller whose connection outlives the request, such as a websocket that
// has yet to log in.
type Visit struct {
	limits Limits
	peer   netip.Addr
	what   Credential
}

// VisitOf is the caller of c, who will show a token.
func VisitOf(c *fiber.Ctx) Visit { return stateOf(c).limits.visit(c, Token) }

func (l Limits) visit(c *fiber.Ctx, what Credential) Visit { return Visit{l, PeerOf(c), what} }

// Known counts a request of a caller who was proven: *ratelimit.Refused.
func (v Visit) Known(ctx context.Context, app, user string) error {
	if v.limits.Rates == nil {
		return nil
	}
	return v.limits.Rates.Caller(ctx, app, user)
}

// Note counts err when it says that the caller was not believed: *ratelimit.Refused
// when that was too often. A token that has expired was right once, and guesses nothing.
func (v Visit) Note(ctx context.Context, err error) error {
	if kind, _ := problem.Of(err); v.limits.Rates == nil || kind != problem.Unauthenticated || v.what == None {
		return nil
	}
	v.limits.Failed(v.what)
	if errors.Is(err, access.ErrTokenExpired) {
		return v.limits.Rates.Peer(ctx, v.peer)
	}
	return v.limits.Rates.Failed(ctx, v.peer)
}

// Known records who calls, for handlers, the access log and the vendors' shapers,
// counts the request, and reads its body: *ratelimit.Refused,
// fiber.ErrRequestEntityTooLarge. An app's back end has no User.
func Known(c *fiber.Ctx, caller Caller) error {
	r := stateOf(c)
	r.caller = caller
	c.SetUserContext(vendors.WithCaller(vendors.WithApp(c.UserContext(), caller.App), caller.App+"/"+caller.User))
	if err := VisitOf(c).Known(c.UserContext(), caller.App, caller.User); err != nil {
		return err
	}
	return ReadBody(c, bodyLimit)
}
