package rongcloud

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"switchboard/mocks/mock"
)

// The older calls to ultra groups: paths under /v2, names in snake case, success
// 10000, what was asked for within "data". Each is one of the newer calls.
func restOperations() []operation {
	v2 := func(name, method, path string, serve handler) operation {
		return operation{name: "v2." + name, path: path, method: method, serve: rest(serve), rates: management, ok: codeRTCOK}
	}
	const group = "/v2/ultragroups/{groupId}"
	return []operation{
		v2("ultragroup.create", http.MethodPost, "/v2/ultragroups", (*App).createUltra),
		v2("ultragroup.refresh", http.MethodPut, group, withUltra(refreshUltra)),
		v2("ultragroup.dis", http.MethodDelete, group, (*App).dismissUltra),
		v2("ultragroup.join", http.MethodPost, group+"/users/{userId}", withUltra(joinUltra)),
		v2("ultragroup.quit", http.MethodDelete, group+"/users/{userId}", withUltra(quitUltra)),
		v2("ultragroup.users", http.MethodGet, group+"/users", withUltra(ultraUsers)),
		v2("ultragroup.groups", http.MethodGet, "/v2/ultragroups/users/{userId}/groups", (*App).ultraGroupsOfUser),
		v2("ultragroup.publish", http.MethodPost, "/v2/message/ultragroup/send", (*App).publishUltra),
		v2("ultragroup.userbanned.add", http.MethodPost, group+"/muted-users", withUltra(changeScope(mutedUsers, true))),
		v2("ultragroup.userbanned.del", http.MethodDelete, group+"/muted-users", withUltra(changeScope(mutedUsers, false))),
		v2("ultragroup.userbanned.get", http.MethodGet, group+"/muted-users", withUltra(listTimed(mutedUsers))),
		v2("ultragroup.whitelist.add", http.MethodPost, group+"/allowed-users", withUltra(changeScope(allowedUsers, true))),
		v2("ultragroup.whitelist.del", http.MethodDelete, group+"/allowed-users", withUltra(changeScope(allowedUsers, false))),
		v2("ultragroup.whitelist.get", http.MethodGet, group+"/allowed-users", withUltra(listTimed(allowedUsers))),
		v2("ultragroup.globalbanned.set", http.MethodPut, group+"/muted-status", withUltra(muteUltra)),
		v2("ultragroup.globalbanned.get", http.MethodGet, group+"/muted-status", withUltra(ultraMuted)),
		v2("ultragroup.channel.create", http.MethodPost, "/v2/ultragroups/channels", withUltra(createChannel)),
		v2("ultragroup.channel.del", http.MethodDelete, group+"/channels/{channelId}", withUltra(deleteChannel)),
		v2("ultragroup.channel.get", http.MethodGet, group+"/channels", withUltra(channelList)),
	}
}

// olderNames are those that are not the newer ones in snake case.
var olderNames = map[string]string{
	"channelId": "busChannel", "storeFlag": "isPersisted", "mentionedFlag": "isMentioned", "includeSenderEnable": "isIncludeSender",
	"silencePush": "disablePush",
}

// rest serves a newer call under the older names.
func rest(serve handler) handler {
	return func(a *App, r request) (reply, *failure) {
		c := *r.Call
		c.JSON = map[string]any{}
		for name, v := range r.Values {
			c.JSON[newer(name)] = v[0]
		}
		for name, v := range r.JSON {
			c.JSON[newer(name)] = v
		}
		for name, v := range r.Params {
			c.JSON[newer(name)] = v
		}
		out, f := serve(a, request{&c})
		if f != nil || len(out) == 0 {
			return out, f
		}
		return reply{"data": older(out)}, nil
	}
}

// newer turns user_id into userId.
func newer(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	camel := strings.Join(parts, "")
	if n, ok := olderNames[camel]; ok {
		return n
	}
	return camel
}

// older turns the names of an answer into snake case, at any depth.
func older(v any) any {
	switch v := v.(type) {
	case reply:
		out := reply{}
		for name, m := range v {
			var b strings.Builder
			for _, c := range strings.ReplaceAll(name, "UID", "Uid") {
				if unicode.IsUpper(c) {
					b.WriteByte('_')
				}
				b.WriteRune(unicode.ToLower(c))
			}
			out[b.String()] = older(m)
		}
		return out
	case []reply:
		list := make([]any, len(v))
		for i, m := range v {
			list[i] = older(m)
		}
		return list
	}
	return v
}

// ultraUsers pages the members of a group, 50 at once.
func ultraUsers(_ *App, g *ultraGroup, r request) (reply, *failure) {
	list := []reply{}
	for _, id := range page(g.members, r.count("page", 1), r.count("size", 50)) {
		list = append(list, reply{"id": id})
	}
	return reply{"users": list}, nil
}

func (a *App) ultraGroupsOfUser(r request) (reply, *failure) {
	list := []reply{}
	for _, g := range page(a.ultrasOf(r.text("userId")), r.count("page", 1), r.count("size", 50)) {
		list = append(list, reply{"groupId": g.id, "groupName": g.name})
	}
	return reply{"groups": list}, nil
}

// listTimed lists a scope with the time that the older answers have. INVENTED: it
// is the end of time, since these have no end.
func listTimed(of scopeList) ultraHandler {
	list := listScope(of)
	return func(a *App, g *ultraGroup, r request) (reply, *failure) {
		out, f := list(a, g, r)
		for _, one := range out["users"].([]reply) {
			one["time"] = clock(forGood)
		}
		return out, f
	}
}

// withMessage adds to a refusal of a /v2 call the member that its clients read.
func withMessage(c *mock.Call, answer mock.Answer) mock.Answer {
	body, ok := answer.Body.(reply)
	if ok && strings.HasPrefix(c.Path, "/v2/") && body["errorMessage"] != nil {
		body = maps.Clone(body)
		body["msg"] = body["errorMessage"]
		answer.Body = body
	}
	return answer
}

// UltraGroup returns who is in an ultra group, in the order of joining, and the ids of
// its channels.
func (a *App) UltraGroup(id string) (members, channels []string) {
	a.Do(func() {
		if g := a.ultras[id]; g != nil {
			members = slices.Clone(g.members)
			for _, c := range g.channels {
				channels = append(channels, c.id)
			}
		}
	})
	return members, channels
}
