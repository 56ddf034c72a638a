package ejabberd

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// room is a multi-user chat.
type room struct {
	options      map[string]string
	affiliations map[string]string // by bare JID
	nicks        map[string]string // of subscribers, by bare JID
	occupants    map[string]string // nicks by full JID
}

func (r *room) on(option string) bool { return r.options[option] == "true" }

func bare(jid string) string {
	out, _, _ := strings.Cut(jid, "/")
	return out
}

func (s *Server) room(in given) (*room, bool) {
	r, there := s.rooms[in.text("name")+"@"+in.text("service")]
	return r, there
}

func (s *Server) createRoom(in given) answer {
	jid := in.text("name") + "@" + in.text("service")
	if _, there := s.rooms[jid]; there {
		return said("Room already exists")
	}
	if !strings.HasSuffix(in.text("service"), "."+s.cfg.Host) {
		return said("Invalid 'service'")
	}
	r := &room{map[string]string{"title": "", "moderated": "true", "members_by_default": "true"}, map[string]string{}, map[string]string{}, map[string]string{}}
	list, _ := in["options"].([]any)
	for _, o := range list {
		option, _ := o.(map[string]any)
		name, _ := option["name"].(string)
		r.options[name], _ = option["value"].(string)
	}
	s.rooms[jid] = r
	return done
}

func (s *Server) destroyRoom(in given) answer {
	if _, there := s.room(in); !there {
		return noRoom
	}
	delete(s.rooms, in.text("name")+"@"+in.text("service"))
	return done
}

func (s *Server) onlineRooms(in given) answer {
	jids := slices.DeleteFunc(slices.Sorted(maps.Keys(s.rooms)), func(jid string) bool {
		return in.text("service") != "global" && !strings.HasSuffix(jid, "@"+in.text("service"))
	})
	return answer{200, append([]string{}, jids...)}
}

func (s *Server) changeRoom(in given) answer {
	r, there := s.room(in)
	if !there {
		return said("Room not found")
	}
	r.options[in.text("option")] = in.text("value")
	return done
}

func (s *Server) roomOptions(in given) answer {
	r, there := s.room(in)
	if !there {
		return answer{200, map[string]string{}}
	}
	return answer{200, r.options}
}

func (s *Server) affiliate(in given) answer {
	r, there := s.room(in)
	jid, as := in.text("jid"), in.text("affiliation")
	switch {
	case !there:
		return noRoom
	case !slices.Contains([]string{"owner", "admin", "member", "outcast", "none"}, as):
		return said("Invalid affiliation")
	case as == "none":
		delete(r.affiliations, jid)
		return done
	case as == "outcast":
		delete(r.nicks, jid)
		maps.DeleteFunc(r.occupants, func(full, _ string) bool { return bare(full) == jid })
	}
	r.affiliations[jid] = as
	return done
}

func (r *room) affiliation(jid string) string {
	if as := r.affiliations[jid]; as != "" {
		return as
	}
	return "none"
}

func (s *Server) affiliation(in given) answer {
	r, there := s.room(in)
	if !there {
		return said("The room does not exist.")
	}
	return answer{200, map[string]string{"affiliation": r.affiliation(in.text("jid"))}}
}

func (s *Server) affiliations(in given) answer {
	r, there := s.room(in)
	if !there {
		return said("The room does not exist.")
	}
	list := []map[string]string{}
	for _, jid := range slices.Sorted(maps.Keys(r.affiliations)) {
		user, host, _ := strings.Cut(jid, "@")
		list = append(list, map[string]string{"username": user, "domain": host, "affiliation": r.affiliations[jid], "reason": ""})
	}
	return answer{200, list}
}

func (s *Server) subscribe(in given) answer {
	r, there := s.rooms[in.text("room")]
	jid := bare(in.text("user"))
	if !there {
		return said("The room does not exist")
	}
	for other, nick := range r.nicks {
		if nick == in.text("nick") && other != jid {
			return said("That nickname is already in use by another occupant")
		}
	}
	r.nicks[jid] = in.text("nick")
	return answer{200, strings.Split(in.text("nodes"), ",")}
}

func (s *Server) unsubscribe(in given) answer {
	r, there := s.rooms[in.text("room")]
	if !there {
		return said("The room does not exist")
	}
	delete(r.nicks, bare(in.text("user")))
	return done
}

func (s *Server) subscribers(in given) answer {
	r, there := s.room(in)
	if !there {
		return said("The room does not exist.")
	}
	return answer{200, append([]string{}, slices.Sorted(maps.Keys(r.nicks))...)}
}

func (s *Server) subscriptions(in given) answer {
	list := []map[string]any{}
	for _, jid := range slices.Sorted(maps.Keys(s.rooms)) {
		if nick, there := s.rooms[jid].nicks[in.text("user")+"@"+in.text("host")]; there {
			list = append(list, map[string]any{"roomjid": jid, "usernick": nick, "nodes": []string{"urn:xmpp:mucsub:nodes:messages"}})
		}
	}
	return answer{200, list}
}

func (s *Server) occupants(in given) answer {
	r, there := s.room(in)
	if !there {
		return said("room_not_found")
	}
	list := []map[string]string{}
	for _, jid := range slices.Sorted(maps.Keys(r.occupants)) {
		list = append(list, map[string]string{"jid": jid, "nick": r.occupants[jid], "role": "participant"})
	}
	return answer{200, list}
}

// Join puts a user who is online into a room, as a client does.
func (s *Server) Join(roomJID, user string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.rooms[roomJID]
	jid := user + "@" + s.cfg.Host
	switch {
	case !there || len(s.sessions[user]) == 0:
		return fmt.Errorf("%s cannot enter %s: no such room or no session", user, roomJID)
	case r.affiliation(jid) == "outcast" || r.on("members_only") && r.affiliation(jid) == "none":
		return fmt.Errorf("%s may not enter %s", user, roomJID)
	}
	r.occupants[jid+"/"+s.sessions[user][0]] = user
	return nil
}

// message is a stanza, as far as it is looked at.
type message struct {
	XMLName xml.Name `xml:"message"`
	Type    string   `xml:"type,attr"`
	ID      string   `xml:"id,attr"`
	NoStore *string  `xml:"urn:xmpp:hints no-store"`
	Inner   string   `xml:",innerxml"`
}

func (m message) to(from, to string) string {
	return fmt.Sprintf("<message from='%s' to='%s' type='%s' id='%s'>%s</message>", from, to, m.Type, m.ID, m.Inner)
}

// sendStanza says nothing of those who are not there.
func (s *Server) sendStanza(in given) answer {
	var m message
	if xml.Unmarshal([]byte(in.text("stanza")), &m) != nil {
		return said("unclosed token")
	}
	from, to := in.text("from"), in.text("to")
	if r, there := s.rooms[to]; there && m.Type == "groupchat" {
		s.toRoom(r, m, from, to)
		return done
	}
	user, host, _ := strings.Cut(bare(to), "@")
	if _, there := s.users[user]; there && host == s.cfg.Host {
		s.deliver(user, m.to(from, to), m.NoStore == nil && m.Type != "headline")
	}
	return done
}

func (s *Server) deliver(user, text string, keep bool) {
	switch {
	case len(s.sessions[user]) > 0:
		s.inbox[user] = append(s.inbox[user], text)
	case keep:
		s.offline[user] = append(s.offline[user], text)
	}
}

// toRoom passes on what comes from who may talk there: the device that is in the room,
// or a subscriber who is a member where only those are.
func (s *Server) toRoom(r *room, m message, from, room string) {
	nick, talks := r.occupants[from]
	if !talks {
		nick, talks = r.nicks[bare(from)]
		talks = talks && (!r.on("members_only") || r.affiliation(bare(from)) != "none")
	}
	if !talks {
		return
	}
	text := m.to(room+"/"+nick, "%s")
	for _, jid := range slices.Sorted(maps.Keys(r.occupants)) {
		user, _, _ := strings.Cut(jid, "@")
		s.deliver(user, strings.Replace(text, "%s", jid, 1), false)
	}
	for _, jid := range slices.Sorted(maps.Keys(r.nicks)) {
		user, _, _ := strings.Cut(jid, "@")
		s.deliver(user, fmt.Sprintf("<message from='%s' to='%s' id='1'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:mucsub:nodes:messages'><item id='1'>%s</item></items></event></message>",
			room, jid, strings.Replace(strings.Replace(text, "%s", jid, 1), "<message ", "<message xmlns='jabber:client' ", 1)), m.NoStore == nil)
	}
}
