package rongcloud

import (
	"maps"
	"slices"
	"time"
)

// record is a bot or an agent: its members as they were sent, and when.
type record struct {
	members          map[string]any
	created, updated time.Time
}

func (c *record) view() reply {
	out := reply{}
	maps.Copy(out, c.members)
	out["createdAt"], out["updatedAt"] = c.created.UnixMilli(), c.updated.UnixMilli()
	return out
}

// records are the bots, or the agents, by id in the order of their making.
type records struct {
	byID  map[string]*record
	order []string
}

func (s *records) put(id string, members map[string]any, now time.Time) {
	old := s.byID[id]
	if old == nil {
		old = &record{members: map[string]any{}, created: now}
		if s.byID == nil {
			s.byID = map[string]*record{}
		}
		s.byID[id], s.order = old, append(s.order, id)
	}
	maps.Copy(old.members, members)
	old.updated = now
}

func (s *records) remove(id string) {
	delete(s.byID, id)
	s.order = without(s.order, id)
}

const maxBots = 10 // of an app

func botOperations() []operation {
	b := func(path string, serve handler) operation {
		o := managed("/v3/"+path+".json", serve)
		o.service = Bots
		return o
	}
	return []operation{
		b("bot/create", (*App).createBot),
		b("bot/update", withBot(func(a *App, _ *record, r request) {
			a.bots.put(r.text("userId"), r.JSON, r.Now)
		})),
		b("bot/delete", withBot(func(a *App, _ *record, r request) { a.bots.remove(r.text("userId")) })),
		b("bot/get", (*App).getBots),
		b("bot/query", (*App).queryBots),
		b("bot/integration/create", withBot(putIntegration)),
		b("bot/integration/update", withBot(putIntegration)),
		b("bot/integration/delete", withBot(deleteIntegration)),
		b("agent/create", putAgent),
		b("agent/update", putAgent),
		b("agent/delete", (*App).deleteAgent),
		b("agent/get", (*App).getAgent),
		b("agent/query", (*App).queryAgents),
		b("chat/generate", (*App).generate),
	}
}

// withBot is a handler for a bot. INVENTED: 1002 when it is not there.
func withBot(f func(*App, *record, request)) handler {
	return func(a *App, r request) (reply, *failure) {
		c := a.bots.byID[r.text("userId")]
		if c == nil {
			return nil, badParameter("userId", "is no bot")
		}
		f(a, c, r)
		c.updated = r.Now
		return reply{}, nil
	}
}

// createBot. INVENTED: 1002 for one that is there and for the eleventh.
func (a *App) createBot(r request) (reply, *failure) {
	switch {
	case a.bots.byID[r.text("userId")] != nil:
		return nil, badParameter("userId", "is a bot already")
	case len(a.bots.order) >= maxBots:
		return nil, badParameter("userId", "is one bot too many")
	}
	a.bots.put(r.text("userId"), r.JSON, r.Now)
	return reply{}, nil
}

func (c *record) bot(integrations bool) reply {
	out := c.view()
	if out["integrations"] == nil {
		out["integrations"] = []any{}
	}
	if out["metadata"] == nil {
		out["metadata"] = reply{}
	}
	if !integrations {
		delete(out, "integrations")
	}
	return out
}

func (a *App) getBots(r request) (reply, *failure) {
	list := []reply{}
	for _, id := range r.list("userIds") {
		if c := a.bots.byID[id]; c != nil {
			list = append(list, c.bot(true))
		}
	}
	return reply{"bots": list}, nil
}

func (a *App) queryBots(r request) (reply, *failure) {
	n, size := r.count("page", 1), r.count("pageSize", 20)
	list := []reply{}
	for _, id := range page(a.bots.order, n, size) {
		list = append(list, a.bots.byID[id].bot(r.text("includeIntegration") == "" || r.yes("includeIntegration")))
	}
	return reply{"total": len(a.bots.order), "hasNext": n*size < len(a.bots.order), "bots": list}, nil
}

// putIntegration sets the integration of its type.
func putIntegration(_ *App, c *record, r request) {
	one := maps.Clone(r.JSON)
	delete(one, "userId")
	c.members["integrations"] = append(c.otherIntegrations(r.text("type")), one)
}

func deleteIntegration(_ *App, c *record, r request) {
	c.members["integrations"] = c.otherIntegrations(r.text("type"))
}

func (c *record) otherIntegrations(kind string) []any {
	list, _ := c.members["integrations"].([]any)
	return slices.DeleteFunc(slices.Clone(list), func(v any) bool {
		one, _ := v.(map[string]any)
		return one["type"] == kind
	})
}

// putAgent serves create and update.
func putAgent(a *App, r request) (reply, *failure) {
	a.agents.put(r.text("agentId"), r.JSON, r.Now)
	return reply{}, nil
}

func (a *App) deleteAgent(r request) (reply, *failure) {
	a.agents.remove(r.text("agentId"))
	return reply{}, nil
}

// getAgent. INVENTED: 1002 when it is not there.
func (a *App) getAgent(r request) (reply, *failure) {
	c := a.agents.byID[r.text("agentId")]
	if c == nil {
		return nil, badParameter("agentId", "is no agent")
	}
	return c.view(), nil
}

func (a *App) queryAgents(r request) (reply, *failure) {
	fits := func(c *record, name string) bool { return r.text(name) == "" || c.members[name] == r.text(name) }
	all := []reply{}
	for _, id := range a.agents.order {
		if c := a.agents.byID[id]; fits(c, "status") && fits(c, "type") {
			all = append(all, c.view())
		}
	}
	n, size := r.count("page", 1), r.count("size", 20)
	return reply{
		"total": len(all), "totalPages": (len(all) + size - 1) / size, "hasNext": n*size < len(all), "agents": page(all, n, size),
	}, nil
}

// generate says what was asked: no model runs here. INVENTED: 1002 for an agent
// that there is not, and one token for each character.
func (a *App) generate(r request) (reply, *failure) {
	if a.agents.byID[r.text("agentId")] == nil {
		return nil, badParameter("agentId", "is no agent")
	}
	conversation := r.text("conversationId")
	if conversation == "" {
		conversation = a.Random.Hex(24)
	}
	n := len([]rune(r.text("query")))
	return reply{
		"runId": a.Random.Hex(24), "conversationId": conversation, "agentId": r.text("agentId"), "timestamp": r.Now.UnixMilli(),
		"answer": r.text("query"), "finishReason": "stop",
		"metadata": reply{"usage": reply{"promptTokens": n, "completionTokens": n, "totalTokens": 2 * n}},
	}, nil
}
