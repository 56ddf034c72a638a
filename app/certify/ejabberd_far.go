package certify

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/ejabberd"
	"switchboard/vendors/vendortest"
)

// EjabberdClients are what the users' clients do: real ones on a server, imitated ones
// on the stand-in.
type EjabberdClients struct {
	LogIn     func(user, secret string) bool
	SetOnline func(user string, online bool)
	Connect   func(user, device string) // beside other devices, not beside the one of SetOnline
	Join      func(roomJID, user string) error
	Inbox     func(user string) []string // every message that reached the user, as XML
}

// EjabberdAt is a fixture at cfg's host, which must be empty once it is seeded, seen
// through clients.
func EjabberdAt(t vendortest.T, cfg ejabberd.Config, clients EjabberdClients) vendortest.Fixture {
	t.Helper()
	f := ejabberdFixture(cfg)
	v, err := f.Open(f.BaseURL)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(v.Close)
	f.Far = ejabberdFarEnd{EjabberdAPI{t, cfg}, cfg, clients, v}.farEnd()
	f.Seed = func(t vendortest.T) {
		t.Helper()
		if err := seed(t.Context(), f); err != nil {
			t.Fatalf("seed: %v", err)
		}
		for _, user := range []string{f.Known, f.Peer} {
			clients.SetOnline(user, true)
			if err := clients.Join(f.Chat+"@chatrooms."+cfg.Host, user); err != nil {
				t.Fatalf("seed: %v", err)
			}
		}
	}
	return f
}

type ejabberdFarEnd struct {
	api     EjabberdAPI
	cfg     ejabberd.Config
	clients EjabberdClients
	v       *vendors.Vendor // of its own, for credentials
}

func (e ejabberdFarEnd) farEnd() vendortest.FarEnd {
	groups, chats := "conference."+e.cfg.Host, "chatrooms."+e.cfg.Host
	return vendortest.FarEnd{
		Inbox: func(user string) []vendortest.Received {
			if e.hasUser(user) {
				e.clients.SetOnline(user, true) // what waits for them is theirs, too
			}
			var out []vendortest.Received
			for _, text := range e.clients.Inbox(user) {
				if r := EjabberdReceived(user, text); r.Type != "" { // else it is a room's own word, such as its subject
					out = append(out, r)
				}
			}
			return out
		},
		TokenUser: e.tokenUser,
		HasUser:   e.hasUser,
		Blocked: func(user string) (time.Time, bool) {
			c, err := e.v.Tokens.Issue(context.Background(), vendors.User{ID: user})
			if err != nil {
				e.api.t.Fatalf("credential of %s: %v", user, err)
			}
			return time.Time{}, !e.clients.LogIn(user, c.Token)
		},
		SetOnline: e.clients.SetOnline,
		Connect:   e.clients.Connect,
		Sessions: func(user string) []vendors.Session {
			var list []struct{ Resource string }
			e.api.call("user_sessions_info", map[string]any{"user": escaped(user), "host": e.cfg.Host}, &list)
			var out []vendors.Session
			for _, s := range list {
				out = append(out, vendors.Session{Device: s.Resource})
			}
			return out
		},
		Members: func(group string) []string {
			if !e.api.hasRoom(group, groups) {
				return nil
			}
			return e.api.users("get_subscribers", map[string]any{"name": escaped(group), "service": groups})
		},
		GroupName: func(group string) string {
			var options map[string]string
			e.api.call("get_room_options", map[string]any{"name": escaped(group), "service": groups}, &options)
			return options["title"]
		},
		MemberMute: func(group, user string) (time.Time, bool) {
			inside := e.api.users("get_subscribers", map[string]any{"name": group, "service": groups})
			return time.Time{}, slices.Contains(inside, user) && e.api.affiliation(group, groups, user) == "none"
		},
		ChatRoom: func(id string) bool { return e.api.hasRoom(id, chats) },
		ChatRoomBlock: func(room, user string) (time.Time, bool) {
			return time.Time{}, e.api.affiliation(room, chats, user) == "outcast"
		},
		Profile: func(user string) vendors.User {
			whose := map[string]any{"user": escaped(user), "host": e.cfg.Host}
			return vendors.User{ID: user, Name: e.api.vcard("get_vcard", whose, "FN", ""), Portrait: e.api.vcard("get_vcard2", whose, "PHOTO", "EXTVAL")}
		},
	}
}

func (e ejabberdFarEnd) hasUser(user string) bool {
	var locals []string
	e.api.call("registered_users", map[string]any{"host": e.cfg.Host}, &locals)
	return slices.Contains(locals, escaped(user))
}

// tokenUser logs in with a credential as whom it may be.
func (e ejabberdFarEnd) tokenUser(token string) string {
	var locals []string
	e.api.call("registered_users", map[string]any{"host": e.cfg.Host}, &locals)
	for _, local := range locals {
		if user := unescaped(local); e.clients.LogIn(user, token) {
			return user
		}
	}
	return ""
}

// EjabberdAPI asks the server as another program of the same account would.
type EjabberdAPI struct {
	t   vendortest.T
	cfg ejabberd.Config
}

// NewEjabberdAPI is for tests that look into a server by themselves.
func NewEjabberdAPI(t vendortest.T, cfg ejabberd.Config) EjabberdAPI { return EjabberdAPI{t, cfg} }

// Call reads the answer of a command into out and returns its status.
func (a EjabberdAPI) Call(command string, in map[string]any, out any) int {
	a.t.Helper()
	body, _ := json.Marshal(in)
	req, err := http.NewRequest(http.MethodPost, a.cfg.BaseURL+"/"+command, bytes.NewReader(body))
	if err != nil {
		a.t.Fatalf("%s: %v", command, err)
	}
	req.SetBasicAuth(a.cfg.User, a.cfg.Password.Reveal())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatalf("%s: %v", command, err)
	}
	defer res.Body.Close()
	got, _ := io.ReadAll(res.Body)
	if res.StatusCode == http.StatusOK && out != nil {
		if err := json.Unmarshal(got, out); err != nil {
			a.t.Fatalf("%s: %s, %v", command, got, err)
		}
	}
	return res.StatusCode
}

func (a EjabberdAPI) call(command string, in map[string]any, out any) { a.Call(command, in, out) }

func (a EjabberdAPI) hasRoom(id, service string) bool {
	var rooms []string
	a.call("muc_online_rooms", map[string]any{"service": service}, &rooms)
	return slices.Contains(rooms, escaped(id)+"@"+service)
}

// users are those of a list of JIDs; an empty list is one.
func (a EjabberdAPI) users(command string, in map[string]any) []string {
	var jids []string
	a.call(command, in, &jids)
	users := []string{}
	for _, jid := range jids {
		local, _, _ := strings.Cut(jid, "@")
		users = append(users, unescaped(local))
	}
	return users
}

func (a EjabberdAPI) affiliation(room, service, user string) string {
	var is struct{ Affiliation string }
	a.call("get_room_affiliation", map[string]any{"name": escaped(room), "service": service, "jid": escaped(user) + "@" + a.cfg.Host}, &is)
	return is.Affiliation
}

func (a EjabberdAPI) vcard(command string, whose map[string]any, name, sub string) string {
	in := map[string]any{"user": whose["user"], "host": whose["host"], "name": name}
	if sub != "" {
		in["subname"] = sub
	}
	var is struct{ Content string }
	a.call(command, in, &is)
	return is.Content
}

// escaped and unescaped are docs/vendors/ejabberd.md#ids, read a second time.
func escaped(id string) string {
	return regexp.MustCompile(`[^a-z0-9._~+-]`).ReplaceAllStringFunc(id, func(s string) string {
		var out strings.Builder
		for _, b := range []byte(s) {
			fmt.Fprintf(&out, `\%02x`, b)
		}
		return out.String()
	})
}

func unescaped(local string) string {
	return regexp.MustCompile(`\\[0-9a-f]{2}`).ReplaceAllStringFunc(local, func(s string) string {
		n, _ := strconv.ParseUint(s[1:], 16, 8)
		return string([]byte{byte(n)})
	})
}

// ejabberdMessage is a message as a client reads it.
type ejabberdMessage struct {
	XMLName xml.Name `xml:"message"`
	From    string   `xml:"from,attr"`
	Type    string   `xml:"type,attr"`
	ID      string   `xml:"id,attr"`
	Body    *string  `xml:"body"`
	Extra   string   `xml:"urn:switchboard:im:0 extra"`
	Tip     *string  `xml:"urn:switchboard:im:0 tip"`
	System  *string  `xml:"urn:switchboard:im:0 system"`
	Command *struct {
		Name string `xml:"name,attr"`
		Data string `xml:",chardata"`
	} `xml:"urn:switchboard:im:0 command"`
	Custom *struct {
		Type string `xml:"type,attr"`
		Data string `xml:",chardata"`
	} `xml:"urn:switchboard:im:0 custom"`
	Event *struct {
		Message ejabberdMessage `xml:"items>item>message"`
	} `xml:"http://jabber.org/protocol/pubsub#event event"`
}

// EjabberdReceived is a client that follows docs/vendors/ejabberd.md#what-a-client-decodes.
func EjabberdReceived(user, text string) vendortest.Received {
	var m ejabberdMessage
	if err := xml.Unmarshal([]byte(text), &m); err != nil {
		return vendortest.Received{Content: text + ": " + err.Error()}
	}
	local, rest, _ := strings.Cut(m.From, "@")
	_, nick, _ := strings.Cut(rest, "/")
	r := vendortest.Received{From: unescaped(local), Target: user, Kind: vendors.ToUsers}
	switch {
	case m.Event != nil:
		inner := m.Event.Message
		_, nick, _ := strings.Cut(inner.From, "/")
		r = vendortest.Received{From: unescaped(nick), Target: unescaped(local), Kind: vendors.ToGroups}
		m = inner
	case m.Type == "groupchat":
		r = vendortest.Received{From: unescaped(nick), Target: unescaped(local), Kind: vendors.ToChatRooms}
	case m.System != nil:
		r.Kind = vendors.ToSystem
	}
	body := map[string]any{}
	if m.Extra != "" {
		body["extra"] = m.Extra
	}
	switch {
	case m.Tip != nil:
		r.Type, body["text"] = "tip", *m.Tip
	case m.Command != nil:
		r.Type, body["name"], body["data"] = "command", m.Command.Name, json.RawMessage(m.Command.Data)
	case m.Custom != nil:
		r.Type, body["type"], body["data"] = "custom", m.Custom.Type, json.RawMessage(m.Custom.Data)
	case m.Body != nil:
		r.Type, body["text"] = "text", *m.Body
	}
	content, err := json.Marshal(body)
	if err != nil {
		content = []byte(text)
	}
	r.Content = string(content)
	return r
}
