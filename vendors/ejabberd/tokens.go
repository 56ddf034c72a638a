package ejabberd

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

const (
	minJWTKey      = 32 // bytes, as HS256 has them
	minPasswordKey = 16 // characters
	// maxGenerations is how often one user's password may be revoked.
	maxGenerations   = 100
	knownGenerations = 1 << 16
)

// basic is the Authorization header: docs/vendors/ejabberd.md#request.
func (c Config) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password.Reveal()))
}

// jwtKey is the key's bytes; nil when it is not base64url.
func (c Config) jwtKey() []byte {
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(c.JWTKey.Reveal(), "="))
	if err != nil {
		return nil
	}
	return key
}

// register makes the account with the first of its passwords, or with one that nobody
// knows where passwords are not ours. One that is there is an ErrConflict.
func (a *adapter) register(ctx context.Context, op, user string) error {
	password := rand.Text()
	if a.cfg.PasswordKey != "" {
		password = a.password(user, 0)
	}
	var said string
	call := a.call(op, upstream.Token, "register", args{"user": localpart(user), "host": a.cfg.Host, "password": password},
		into(&said, func(s string) bool { return strings.HasSuffix(s, "registered") }))
	call.Idempotent = true // the second time it is there
	return a.up.Do(ctx, call, nil)
}

// registered looks whether a user has an account, since a message to nobody is taken
// and dropped (docs/vendors/ejabberd.md#silence). An account that is there stays for a
// minute; one that is not is asked for every time.
func (a *adapter) registered(ctx context.Context, op, user string) error {
	call := a.call(op, upstream.Read, "check_account", args{"user": localpart(user), "host": a.cfg.Host},
		func(ans upstream.Answer) error { return zeroOr(ans, refused(vendors.ErrNotFound)) })
	call.Keep = time.Minute
	return a.up.Do(ctx, call, nil)
}

// credential is what a client needs to log in: the virtual host, its JID and a secret.
func (a *adapter) credential(user, secret string) vendors.Credential {
	return vendors.Credential{SDK: "ejabberd", AppKey: a.cfg.Host, Token: secret, OpenID: a.user(user)}
}

// signedTokens are JWTs that the server's jwt_key verifies
// (docs/vendors/ejabberd.md#credentials).
type signedTokens struct{ *adapter }

// Issue registers the user, so that messages find an account, and signs.
func (a signedTokens) Issue(ctx context.Context, u vendors.User) (vendors.Credential, error) {
	op := vendors.OpTokenIssue
	if err := a.checkIDs(op, []string{u.ID}); err != nil {
		return vendors.Credential{}, err
	}
	if err := a.register(ctx, op, u.ID); err != nil && !isConflict(err) {
		return vendors.Credential{}, err
	}
	end := time.Now().Add(a.cfg.JWTLife).Truncate(time.Second)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"jid": a.user(u.ID), "exp": end.Unix()}).SignedString(a.cfg.jwtKey())
	if err != nil {
		return vendors.Credential{}, a.refuse(op, vendors.ErrInvalid, "the token cannot be signed")
	}
	c := a.credential(u.ID, token)
	c.ExpiresAt = end
	return c, nil
}

// passwords are made from a key, the user, and how often the user's were revoked
// (docs/vendors/ejabberd.md#credentials): nothing is stored, and every replica makes
// the same one.
type passwords struct{ *adapter }

// password is the user's of one generation.
func (a *adapter) password(user string, generation int) string {
	mac := hmac.New(sha256.New, []byte(a.cfg.PasswordKey.Reveal()))
	_, _ = fmt.Fprintf(mac, "%s\x00%d", a.user(user), generation)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Issue registers the user, or finds the password that the account has.
func (a passwords) Issue(ctx context.Context, u vendors.User) (vendors.Credential, error) {
	op := vendors.OpTokenIssue
	if err := a.checkIDs(op, []string{u.ID}); err != nil {
		return vendors.Credential{}, err
	}
	generation, err := 0, a.register(ctx, op, u.ID)
	if isConflict(err) {
		generation, err = a.generation(ctx, op, u.ID)
	}
	if err != nil {
		return vendors.Credential{}, err
	}
	return a.credential(u.ID, a.password(u.ID, generation)), nil
}

// Revoke gives each user the next password and ends their sessions. Whatever was
// issued is void at once, whenever it was: the server keeps no time.
func (a passwords) Revoke(ctx context.Context, users []string, t time.Time) ([]vendors.MemberResult, error) {
	op := vendors.OpTokenRevoke
	if err := a.checkIDs(op, users); err != nil {
		return nil, err
	}
	if err := vendors.RevokeNow.Refuse(a.name, t); err != nil {
		return nil, err
	}
	all := vendors.Composite{Vendor: a.name, Op: op}
	all.Each(users, func(user string) error { return a.revoke(ctx, op, user) })
	return all.Rows()
}

func (a passwords) revoke(ctx context.Context, op, user string) error {
	if err := a.registered(ctx, op, user); err != nil {
		return vendors.BeforeWrite(err)
	}
	now, err := a.generation(ctx, op, user)
	if err != nil {
		return vendors.BeforeWrite(err)
	}
	if now+1 >= maxGenerations {
		return a.refuse(op, vendors.ErrTooLarge, "revoked too often: unregister the account")
	}
	call := a.call(op, upstream.Token, "change_password", args{"user": localpart(user), "host": a.cfg.Host, "newpass": a.password(user, now+1)}, done)
	if err := a.up.Do(ctx, call, nil); err != nil {
		return err
	}
	a.generations.Set(a.user(user), now+1)
	return a.doubtful(op, a.kick(ctx, op, user))
}

// generation finds the password that the account has. One that it was given by another
// hand is not ours to change.
func (a passwords) generation(ctx context.Context, op, user string) (int, error) {
	start, _ := a.generations.Get(a.user(user))
	for i := range maxGenerations {
		n := (start + i) % maxGenerations
		current := false
		call := a.call(op, upstream.Read, "check_password", args{"user": localpart(user), "host": a.cfg.Host, "password": a.password(user, n)},
			func(ans upstream.Answer) error {
				err := zeroOr(ans, errOther)
				current = err == nil
				if err == errOther {
					return nil
				}
				return err
			})
		if err := a.up.Do(ctx, call, nil); err != nil {
			return 0, err
		}
		if current {
			a.generations.Set(a.user(user), n)
			return n, nil
		}
	}
	return 0, a.refuse(op, vendors.ErrConflict, "the account has a password that was not made here")
}
