package messages

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrUnknownMessage says that a message id is none that was given to this app.
var ErrUnknownMessage = problem.New(problem.NotFound, "no message of this app has this id")

// Ref is a message at the account that took it.
type Ref struct {
	Account string
	Kind    vendors.TargetKind
	From    string
	Target  string
	ID      string    // the vendor's
	Seq     string    // the vendor's; empty: it gave none
	SentAt  time.Time // in milliseconds; zero: not known
}

// IDs makes message ids that say themselves which message is meant, so that one can be
// named later without a table of all that were sent. Nobody else can make one: it is
// signed with a secret of the app's, and holds for that app alone. A message has no id
// once that secret is another.
type IDs struct {
	Secret func(app string) []byte
}

// sealed is a Ref on the wire; its order is a contract with ids that are out. Those of
// messages without a Seq have no seventh.
type sealed []any

const sealBytes = 12 // of the signature: 96 bits, tried by no more than our own rate limit allows

// Seal is the id of r for app; empty when the vendor gave the message none.
func (i IDs) Seal(app string, r Ref) string {
	if r.ID == "" {
		return ""
	}
	at := int64(0)
	if !r.SentAt.IsZero() {
		at = r.SentAt.UnixMilli()
	}
	parts := sealed{r.Account, r.Kind, r.From, r.Target, r.ID, at}
	if r.Seq != "" {
		parts = append(parts, r.Seq)
	}
	body, _ := json.Marshal(parts) // texts and a number
	return base64.RawURLEncoding.EncodeToString(append(i.sign(app, body), body...))
}

// Open is the message of an id: ErrUnknownMessage when it is not this app's.
func (i IDs) Open(app, id string) (Ref, error) {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || len(raw) <= sealBytes || !hmac.Equal(raw[:sealBytes], i.sign(app, raw[sealBytes:])) {
		return Ref{}, ErrUnknownMessage
	}
	var r Ref
	var at int64
	if json.Unmarshal(raw[sealBytes:], &sealed{&r.Account, &r.Kind, &r.From, &r.Target, &r.ID, &at, &r.Seq}) != nil {
		return Ref{}, ErrUnknownMessage
	}
	if at != 0 {
		r.SentAt = time.UnixMilli(at)
	}
	return r, nil
}

func (i IDs) sign(app string, body []byte) []byte {
	mac := hmac.New(sha256.New, i.Secret(app))
	_, _ = mac.Write([]byte("message id\x00" + app + "\x00"))
	_, _ = mac.Write(body)
	return mac.Sum(nil)[:sealBytes]
}
