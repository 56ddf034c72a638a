package access

import (
	"strings"
	"testing"
	"time"
)

func TestASessionIsGoodForItsKeyAndItsTime(t *testing.T) {
	keys := Operators{AdminKey: "admin-key", ReaderKey: "reader-key"}
	now := time.Unix(1_800_000_000, 0)
	for given, want := range map[string]Operator{"admin-key": Admin, "reader-key": Reader, "": Nobody, "admin-keys": Nobody} {
		if got := keys.ByKey(given); got != want {
			t.Errorf("key %q: %q", given, got)
		}
	}
	if got := (Operators{}).ByKey(""); got != Nobody {
		t.Errorf("no key at all: %q", got)
	}
	admin, reader := keys.Session(Admin, now), keys.Session(Reader, now)
	_, proof, _ := strings.Cut(reader, ".")
	for name, c := range map[string]struct {
		keys    Operators
		session string
		at      time.Time
		want    Operator
	}{
		"admin":           {keys, admin, now, Admin},
		"reader":          {keys, reader, now.Add(SessionTime - time.Second), Reader},
		"ended":           {keys, admin, now.Add(SessionTime), Nobody},
		"raised":          {keys, "admin." + proof, now, Nobody},
		"another key":     {Operators{AdminKey: "new", ReaderKey: "reader-key"}, admin, now, Nobody},
		"other's change":  {Operators{AdminKey: "new", ReaderKey: "reader-key"}, reader, now, Reader},
		"no key now":      {Operators{ReaderKey: "reader-key"}, admin, now, Nobody},
		"of nobody":       {keys, keys.Session(Nobody, now), now, Nobody},
		"no keys, nobody": {Operators{}, Operators{}.Session(Admin, now), now, Nobody},
		"cut":             {keys, admin[:len(admin)-1], now, Nobody},
		"malleable":       {keys, admin + "=", now, Nobody},
		"line feed":       {keys, admin + "\n", now, Nobody},
		"empty":           {keys, "", now, Nobody},
	} {
		if got := c.keys.BySession(c.session, c.at); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
