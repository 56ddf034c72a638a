package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"switchboard/vendors"
)

// Operator is what somebody may do under /admin.
type Operator string

// The kinds of operators. Nobody is who showed no key that counts.
const (
	Nobody Operator = ""
	Reader Operator = "reader" // looks, changes nothing
	Admin  Operator = "admin"
)

// Operators are the keys of /admin. An empty key opens nothing.
type Operators struct {
	AdminKey, ReaderKey vendors.Secret
}

// ByKey says who shows that key. Comparing takes as long for a wrong one.
func (o Operators) ByKey(given string) Operator {
	got, found := sha256.Sum256([]byte(given)), Nobody
	for _, known := range []struct {
		key  vendors.Secret
		role Operator
	}{{o.ReaderKey, Reader}, {o.AdminKey, Admin}} {
		want := sha256.Sum256([]byte(known.key.Reveal()))
		if subtle.ConstantTimeCompare(got[:], want[:]) == 1 && known.key != "" {
			found = known.role
		}
	}
	return found
}

// SessionTime is how long a sign-in lasts.
const SessionTime = 8 * time.Hour

// Session is a sign-in as a text for a cookie: who, until when, and a proof that any
// replica with the same keys can check. A change of that operator's key voids it.
func (o Operators) Session(as Operator, now time.Time) string {
	end := binary.BigEndian.AppendUint64(nil, uint64(now.Add(SessionTime).Unix()))
	return string(as) + "." + hex.EncodeToString(end) + "." + hex.EncodeToString(o.proof(as, end))
}

// BySession says who signed in with Session; Nobody when it has ended or is forged.
func (o Operators) BySession(session string, now time.Time) Operator {
	as, rest, _ := strings.Cut(session, ".")
	ends, proof, _ := strings.Cut(rest, ".")
	end, err := hex.DecodeString(ends)
	if err != nil || len(end) != 8 {
		return Nobody
	}
	given, err := hex.DecodeString(proof)
	role := Operator(as)
	if err != nil || o.key(role) == "" || !hmac.Equal(given, o.proof(role, end)) || uint64(now.Unix()) >= binary.BigEndian.Uint64(end) {
		return Nobody
	}
	return role
}

func (o Operators) key(as Operator) vendors.Secret {
	switch as {
	case Admin:
		return o.AdminKey
	case Reader:
		return o.ReaderKey
	}
	return ""
}

func (o Operators) proof(as Operator, end []byte) []byte {
	mac := hmac.New(sha256.New, []byte("console session of "+o.key(as).Reveal()))
	mac.Write([]byte(as))
	mac.Write(end)
	return mac.Sum(nil)
}
