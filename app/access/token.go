package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
)

// Caller is who a valid client token speaks for.
type Caller struct {
	App       string
	User      string
	Platform  int // the app's own numbering: 1 iOS, 2 Android ... as /inner/get_token was told
	ExpiresAt time.Time
	IssuedAt  time.Time // zero: the token does not say
}

type claims struct {
	App      string `json:"app"`
	Platform int    `json:"platform"`
	jwt.RegisteredClaims
}

const (
	maxUser  = 64      // bytes of a user's id, as everywhere
	maxToken = 4 << 10 // bytes
)

// parser pins the algorithm: a token may not choose its own. Strict decoding, with
// the alphabet that Verify holds tokens to, leaves each token one spelling.
var parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithStrictDecoding())

// Mint signs a client token for user of app, good for the configured time.
func (d *Directory) Mint(app, user string, platform int) (string, error) {
	t, ok := d.apps[app]
	if !ok {
		return "", ErrUnknownApp
	}
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		App: app, Platform: platform,
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   user,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(d.ttl)),
		},
	}).SignedString(t.secret)
}

// Remember returns what ask gave for key, from a cache when it has it. Errors are
// not remembered.
type Remember func(ctx context.Context, key string, ask func(context.Context) (Caller, error)) (Caller, error)

// Verify reads a client token. A token that was verified before is not verified
// again, only its end is looked at. ErrTokenExpired is told apart from the rest,
// since a client can act on it; nothing else is.
// It is remembered by its hash: the cache holds nothing that opens anything, and
// as little for a long token as for a short one.
func (d *Directory) Verify(ctx context.Context, token string) (Caller, error) {
	if len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return !plain(r) }) {
		return Caller{}, ErrToken
	}
	c, err := d.recall(ctx, token)
	switch {
	case err != nil:
		return Caller{}, err
	case !time.Now().Before(c.ExpiresAt):
		return Caller{}, ErrTokenExpired
	case d.refuses != nil && d.refuses(c.App, c.User, c.IssuedAt):
		return Caller{}, ErrToken
	}
	return c, nil
}

// Refuse has tokens refused although their signature is right; refuses is asked about each
// that is shown, whenever it is. It is called before the first is.
func (d *Directory) Refuse(refuses func(app, user string, issued time.Time) bool) {
	d.refuses = refuses
}

// recall verifies a token, or remembers that it was.
func (d *Directory) recall(ctx context.Context, token string) (Caller, error) {
	if d.remember == nil {
		return d.verify(token)
	}
	sum := sha256.Sum256([]byte(token))
	return d.remember(ctx, string(sum[:]), func(context.Context) (Caller, error) { return d.verify(token) })
}

// verify lets the app claim choose the secret, so a token of one app never
// passes as another's.
func (d *Directory) verify(token string) (Caller, error) {
	var c claims
	_, err := parser.ParseWithClaims(token, &c, func(parsed *jwt.Token) (any, error) {
		if parsed.Header["crit"] != nil {
			return nil, ErrToken // it asks for what is not understood here (RFC 7515, 4.1.11)
		}
		t, ok := d.apps[c.App]
		if !ok {
			return nil, ErrUnknownApp
		}
		return t.secret, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Caller{}, ErrTokenExpired
	case err != nil || c.Subject == "" || len(c.Subject) > maxUser || strings.ContainsFunc(c.Subject, unicode.IsControl):
		return Caller{}, ErrToken
	}
	who := Caller{App: c.App, User: c.Subject, Platform: c.Platform, ExpiresAt: c.ExpiresAt.Time}
	if c.IssuedAt != nil {
		who.IssuedAt = c.IssuedAt.Time
	}
	return who, nil
}
