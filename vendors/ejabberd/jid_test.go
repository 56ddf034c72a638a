package ejabberd

import (
	"regexp"
	"strings"
	"testing"
	"testing/quick"
)

func TestAnIDIsReadBackFromItsJID(t *testing.T) {
	for id, want := range map[string]string{
		"1001": "1001", "bob": "bob", "Bob:7": `\42ob\3a7`, "a b@c/d": `a\20b\40c\2fd`, `c:\3a`: `c\3a\5c3a`, "礼": `\e7\a4\bc`, "": "",
	} {
		if got := localpart(id); got != want || idOf(got) != id {
			t.Errorf("%q is %s, read back %q; want %s", id, got, idOf(got), want)
		}
	}
	allowed := regexp.MustCompile(`^[a-z0-9._~+\\-]*$`)
	if err := quick.Check(func(id string) bool {
		local := localpart(id)
		return idOf(local) == id && allowed.MatchString(local) && len(local) <= 3*len(id)
	}, nil); err != nil {
		t.Error(err)
	}
	for _, others := range []string{"Upper", `a\3A`, `a\41\`, `x\zz`, "ü"} { // somebody else's accounts keep their names
		if got := idOf(others); got != others {
			t.Errorf("%q is taken for %q", others, got)
		}
	}
	if id := strings.Repeat("X", idBytes); len(localpart(id)) > 1023 {
		t.Errorf("an id of %d bytes has a localpart of %d", idBytes, len(localpart(id)))
	}
}
