package ejabberd

import (
	"maps"
	"slices"
	"strings"
)

func (s *Server) register(in given) answer {
	user := strings.ToLower(in.text("user"))
	jid := user + "@" + s.cfg.Host
	switch {
	case in.text("host") != s.cfg.Host:
		return object(500, 10001, "Unknown virtual host")
	case user == "" || strings.ContainsAny(user, "\"&'/:<>@ "):
		return object(500, 10001, "Can't register user "+jid+" at node nonode@nohost: Malformed username")
	}
	if _, there := s.users[user]; there {
		return object(409, 10090, "User "+jid+" already registered")
	}
	s.users[user] = in.text("password")
	return answer{200, "User " + jid + " successfully registered"}
}

// unregister says the same of an account that is not there. Sessions, subscriptions and
// places in shared roster groups stay.
func (s *Server) unregister(in given) answer {
	if in.text("host") != s.cfg.Host {
		return said("Unknown virtual host")
	}
	user := strings.ToLower(in.text("user"))
	delete(s.users, user)
	delete(s.vcards, user)
	delete(s.offline, user)
	return answer{200, ""}
}

func (s *Server) known(in given) bool {
	_, there := s.users[strings.ToLower(in.text("user"))]
	return there && in.text("host") == s.cfg.Host
}

func when(yes bool) answer {
	if yes {
		return done
	}
	return undone
}

func (s *Server) checkAccount(in given) answer { return when(s.known(in)) }

func (s *Server) registeredUsers(given) answer {
	return answer{200, slices.Sorted(maps.Keys(s.users))}
}

func (s *Server) checkPassword(in given) answer {
	return when(s.known(in) && s.users[in.text("user")] == in.text("password"))
}

func (s *Server) changePassword(in given) answer {
	if !s.known(in) {
		return answer{404, "unknown_user"}
	}
	s.users[in.text("user")] = in.text("newpass")
	return done
}

func (s *Server) kickUser(in given) answer {
	user := in.text("user")
	n := len(s.sessions[user])
	s.end(user, func(string) bool { return true })
	return answer{200, map[string]int{"num_resources": n}}
}

// kickSession is done, too, when there is no such session.
func (s *Server) kickSession(in given) answer {
	s.end(in.text("user"), func(r string) bool { return r == in.text("resource") })
	return done
}

// end takes sessions away, out of the rooms, too.
func (s *Server) end(user string, which func(resource string) bool) {
	gone := func(r string) bool { return which(r) }
	for _, r := range s.sessions[user] {
		if !gone(r) {
			continue
		}
		for _, room := range s.rooms {
			delete(room.occupants, user+"@"+s.cfg.Host+"/"+r)
		}
	}
	s.sessions[user] = slices.DeleteFunc(s.sessions[user], gone)
}

func (s *Server) sessionsInfo(in given) answer {
	list := []map[string]any{}
	for _, r := range s.sessions[in.text("user")] {
		list = append(list, map[string]any{
			"connection": "c2s", "ip": "127.0.0.1", "port": 1, "priority": 0, "node": "nonode@nohost",
			"uptime": 1, "status": "available", "resource": r, "statustext": "",
		})
	}
	return answer{200, list}
}

// setVCard keeps one of nobody as well.
func (s *Server) setVCard(in given) answer {
	user := in.text("user")
	if s.vcards[user] == nil {
		s.vcards[user] = map[string]string{}
	}
	s.vcards[user][in.text("name")+" "+in.text("subname")] = in.text("content")
	return done
}

func (s *Server) getVCard(in given) answer {
	content, there := s.vcards[in.text("user")][in.text("name")+" "+in.text("subname")]
	if !there {
		return said("error_no_vcard_found")
	}
	return answer{200, map[string]string{"content": content}}
}

// rosterGroup says nothing of one that there is not.
func (s *Server) rosterGroup(in given) answer {
	about := []map[string]string{}
	if _, there := s.roster[in.text("group")]; there {
		about = append(about, map[string]string{"key": "label", "value": in.text("group")})
	}
	return answer{200, about}
}

func (s *Server) rosterMembers(in given) answer {
	members := []string{}
	for _, user := range s.roster[in.text("group")] {
		members = append(members, user+"@"+s.cfg.Host)
	}
	return answer{200, members}
}

// rosterAdd is done, too, when there is no such group: nothing comes of it.
func (s *Server) rosterAdd(in given) answer {
	group, user := in.text("group"), in.text("user")
	if members, there := s.roster[group]; there && !slices.Contains(members, user) {
		s.roster[group] = append(members, user)
	}
	return done
}

func (s *Server) rosterRemove(in given) answer {
	group := in.text("group")
	if members, there := s.roster[group]; there {
		s.roster[group] = slices.DeleteFunc(members, func(m string) bool { return m == in.text("user") })
	}
	return done
}

// LogIn reports whether a client would get in with that secret.
func (s *Server) LogIn(user, secret string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, members := range s.roster {
		if slices.Contains(members, user) {
			return false
		}
	}
	password, there := s.users[user]
	return there && password == secret || s.cfg.TakesToken != nil && s.cfg.TakesToken(user, secret)
}

// SetOnline gives the user one session, or ends all; what waited arrives.
func (s *Server) SetOnline(user string, online bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !online:
		s.end(user, func(string) bool { return true })
	case len(s.sessions[user]) == 0:
		s.sessions[user] = []string{"client"}
		s.inbox[user] = append(s.inbox[user], s.offline[user]...)
		delete(s.offline, user)
	}
}

// Connect gives the user one more session, and ends the one of SetOnline.
func (s *Server) Connect(user, device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(user, func(r string) bool { return r == "client" })
	s.sessions[user] = append(s.sessions[user], device)
}

// Inbox is every message that reached the user's devices, as XML, in order.
func (s *Server) Inbox(user string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.inbox[user])
}
