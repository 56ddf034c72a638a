// Package ejabberd stands in for ejabberd where none is installed: the commands of its
// HTTP API that an IM product needs, with state, its strictness about arguments, and
// its silences. It is thin: the server itself is what an adapter is held against
// (docs/vendors/ejabberd.md#held-against), and there is no XMPP here. What clients do and see is
// asked for by method.
package ejabberd

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is one stand-in. Its zero value works.
type Config struct {
	Listen     string   // empty: a free loopback port
	User       string   // account that may give commands; empty: admin@localhost
	Password   string   // empty: secret
	Host       string   // empty: localhost
	Groups     []string // shared roster groups that are there
	TakesToken func(user, token string) bool
}

// Server is a stand-in on a port.
type Server struct {
	URL string // with the path of the API

	cfg  Config
	http *http.Server

	mu       sync.Mutex // guards what follows
	users    map[string]string
	vcards   map[string]map[string]string
	sessions map[string][]string // resources by user
	inbox    map[string][]string
	offline  map[string][]string
	rooms    map[string]*room
	roster   map[string][]string
}

// Start serves. Close ends it.
func Start(cfg Config) (*Server, error) {
	for _, d := range []struct {
		have *string
		def  string
	}{{&cfg.Listen, "127.0.0.1:0"}, {&cfg.User, "admin@localhost"}, {&cfg.Password, "secret"}, {&cfg.Host, "localhost"}} {
		if *d.have == "" {
			*d.have = d.def
		}
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "http://" + l.Addr().String() + "/api", cfg: cfg,
		users: map[string]string{}, vcards: map[string]map[string]string{}, sessions: map[string][]string{},
		inbox: map[string][]string{}, offline: map[string][]string{}, rooms: map[string]*room{}, roster: map[string][]string{},
	}
	for _, g := range cfg.Groups {
		s.roster[g] = nil
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// Close ends the stand-in.
func (s *Server) Close() error { return s.http.Close() }

// answer is a status and what is its body as JSON.
type answer struct {
	status int
	body   any
}

// The answers that the server has for many commands.
var (
	done   = answer{200, 0}
	undone = answer{200, 1}
	noRoom = answer{400, "Room doesn't exists"}
)

func said(text string) answer { return answer{400, text} }

func object(status, code int, text string) answer {
	return answer{status, map[string]any{"status": "error", "code": code, "message": text}}
}

// given are a command's arguments.
type given map[string]any

func (g given) text(name string) string {
	text, _ := g[name].(string)
	return text
}

// ServeHTTP looks at the credentials, the command, its arguments, and serves.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	a := s.serve(r, body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func (s *Server) serve(r *http.Request, body []byte) answer {
	name := strings.TrimPrefix(r.URL.Path, "/api/")
	command, known := commands[name]
	if !known {
		return object(404, 40, "Endpoint not found.")
	}
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(s.cfg.User+":"+s.cfg.Password))
	if r.Header.Get("Authorization") != want {
		return object(401, 10, "You are not authorized to call this command.")
	}
	var in given
	if json.Unmarshal(body, &in) != nil {
		return said("400 Bad Request")
	}
	for _, arg := range command.args {
		if _, there := in[arg]; !there {
			return said("Request have missing argument: " + arg)
		}
	}
	var extra []string
	for arg := range in {
		if !slices.Contains(command.args, arg) {
			extra = append(extra, arg)
		}
	}
	if len(extra) > 0 {
		return said(fmt.Sprintf("Request have unknown arguments: [%s]", strings.Join(extra, ",")))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return command.serve(s, in)
}

// command is one of the API with all its arguments.
type command struct {
	args  []string
	serve func(*Server, given) answer
}

var commands = map[string]command{
	"register":               {[]string{"user", "host", "password"}, (*Server).register},
	"unregister":             {[]string{"user", "host"}, (*Server).unregister},
	"check_account":          {[]string{"user", "host"}, (*Server).checkAccount},
	"registered_users":       {[]string{"host"}, (*Server).registeredUsers},
	"check_password":         {[]string{"user", "host", "password"}, (*Server).checkPassword},
	"change_password":        {[]string{"user", "host", "newpass"}, (*Server).changePassword},
	"kick_user":              {[]string{"user", "host"}, (*Server).kickUser},
	"kick_session":           {[]string{"user", "host", "resource", "reason"}, (*Server).kickSession},
	"user_sessions_info":     {[]string{"user", "host"}, (*Server).sessionsInfo},
	"set_vcard":              {[]string{"user", "host", "name", "content"}, (*Server).setVCard},
	"set_vcard2":             {[]string{"user", "host", "name", "subname", "content"}, (*Server).setVCard},
	"get_vcard":              {[]string{"user", "host", "name"}, (*Server).getVCard},
	"get_vcard2":             {[]string{"user", "host", "name", "subname"}, (*Server).getVCard},
	"srg_get_info":           {[]string{"group", "host"}, (*Server).rosterGroup},
	"srg_get_members":        {[]string{"group", "host"}, (*Server).rosterMembers},
	"srg_user_add":           {[]string{"user", "host", "group", "grouphost"}, (*Server).rosterAdd},
	"srg_user_del":           {[]string{"user", "host", "group", "grouphost"}, (*Server).rosterRemove},
	"send_stanza":            {[]string{"from", "to", "stanza"}, (*Server).sendStanza},
	"create_room_with_opts":  {[]string{"name", "service", "host", "options"}, (*Server).createRoom},
	"destroy_room":           {[]string{"name", "service"}, (*Server).destroyRoom},
	"muc_online_rooms":       {[]string{"service"}, (*Server).onlineRooms},
	"change_room_option":     {[]string{"name", "service", "option", "value"}, (*Server).changeRoom},
	"get_room_options":       {[]string{"name", "service"}, (*Server).roomOptions},
	"set_room_affiliation":   {[]string{"name", "service", "jid", "affiliation"}, (*Server).affiliate},
	"get_room_affiliation":   {[]string{"name", "service", "jid"}, (*Server).affiliation},
	"get_room_affiliations":  {[]string{"name", "service"}, (*Server).affiliations},
	"subscribe_room":         {[]string{"user", "nick", "room", "nodes"}, (*Server).subscribe},
	"unsubscribe_room":       {[]string{"user", "room"}, (*Server).unsubscribe},
	"get_subscribers":        {[]string{"name", "service"}, (*Server).subscribers},
	"get_user_subscriptions": {[]string{"user", "host"}, (*Server).subscriptions},
	"get_room_occupants":     {[]string{"name", "service"}, (*Server).occupants},
}
