package ejabberd

import (
	"encoding/hex"
	"strings"
)

// plain are the bytes that a localpart keeps as they are: the server folds upper
// case, normalises what is not ASCII, and refuses others
// (docs/vendors/ejabberd.md#ids).
func plain(b byte) bool {
	return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' || strings.IndexByte("-_.~+", b) >= 0
}

// localpart is the one spelling of id in a JID: every byte that is not plain is a
// backslash and two hex digits, as XEP-0106 has it for some. Two ids never share a
// localpart, so that nobody is taken for somebody else whose name differs in case.
func localpart(id string) string {
	var b strings.Builder
	for i := range len(id) {
		if plain(id[i]) {
			b.WriteByte(id[i])
		} else {
			b.WriteByte('\\')
			b.WriteString(hex.EncodeToString([]byte{id[i]}))
		}
	}
	return b.String()
}

// idOf is the id that localpart spelled. What no id of ours could have become, such as
// an account that somebody else made, stays as it is.
func idOf(local string) string {
	var b strings.Builder
	for i := 0; i < len(local); i++ {
		if local[i] == '\\' && i+2 < len(local) {
			if raw, err := hex.DecodeString(local[i+1 : i+3]); err == nil {
				b.WriteByte(raw[0])
				i += 2
				continue
			}
		}
		b.WriteByte(local[i])
	}
	if id := b.String(); localpart(id) == local {
		return id
	}
	return local
}

// user is the bare JID of a user.
func (a *adapter) user(id string) string { return localpart(id) + "@" + a.cfg.Host }

// userOf is the user of a JID, with or without a resource; false: none of this host's.
func (a *adapter) userOf(jid string) (string, bool) {
	bare, _, _ := strings.Cut(jid, "/")
	local, host, found := strings.Cut(bare, "@")
	return idOf(local), found && host == a.cfg.Host
}

// roomOf is the room of a JID of service; false: none of it.
func roomOf(jid, service string) (string, bool) {
	local, host, found := strings.Cut(jid, "@")
	return idOf(local), found && host == service
}
