package linkv

import (
	"strconv"

	"switchboard/mocks/mock"
)

const systemTargets = 5000 // receivers of one system message: docs/vendors/linkv.md#messages

func (a *App) push(c *mock.Call) mock.Answer  { return a.toUser(c, "user") }
func (a *App) event(c *mock.Call) mock.Answer { return a.toUser(c, "event") }

func (a *App) toUser(c *mock.Call, kind string) mock.Answer {
	from, to := c.Get("fromUserId"), c.Get("toUserId")
	if !a.ours(c) {
		return a.words.fail(c, codeParameter)
	}
	if code := a.mayWrite(c, from, to); code != codeOK {
		return a.words.fail(c, code)
	}
	a.deliver(a.message(c, kind, from, to), to)
	return a.words.im(c, codeOK, nil)
}

// pushMany tells of every receiver on its own; the call as a whole succeeds.
func (a *App) pushMany(c *mock.Call) mock.Answer {
	to, ok := a.users(c, "toUserIds")
	from := c.Get("fromUserId")
	if !ok || !a.ours(c) {
		return a.words.fail(c, codeParameter)
	}
	if a.isBlocked(from, c.Now) {
		return a.words.fail(c, codeBlocked)
	}
	result := map[string]int{}
	for _, user := range to {
		code := a.mayWrite(c, from, user)
		if _, again := result[user]; code == codeOK && !again {
			a.deliver(a.message(c, "user", from, user), user)
		}
		result[user], _ = strconv.Atoi(code)
	}
	return a.words.im(c, codeOK, map[string]any{"messageSendResult": result})
}

// mayWrite is codeOK or why from cannot write to to. LinkV keeps messages of
// users whom it has never seen, so any receiver will do.
func (a *App) mayWrite(c *mock.Call, from, to string) string {
	switch {
	case a.isBlocked(from, c.Now):
		return codeBlocked
	case a.blacklist[to][from]:
		return codeBlacklisted
	}
	return codeOK
}

// sendRoom takes the sender from the header: the form has no field for it.
func (a *App) sendRoom(c *mock.Call) mock.Answer {
	return a.toRoom(c, auth(c, "appUid"), c.Get("roomId"))
}

func (a *App) broadcastRoom(c *mock.Call) mock.Answer {
	return a.toRoom(c, c.Get("fromUserId"), c.Get("toChatroomId"))
}

// toRoom answers requestId with a small d where other calls have requestID.
// INVENTED: a room is there as soon as it is written to.
func (a *App) toRoom(c *mock.Call, from, room string) mock.Answer {
	c.User = from
	if !a.ours(c) || !userID.MatchString(from) {
		return a.words.fail(c, codeParameter)
	}
	if a.isBlocked(from, c.Now) {
		return a.words.fail(c, codeBlocked)
	}
	m := a.message(c, "room", from, room)
	a.roomLog[room] = append(a.roomLog[room], m)
	for _, user := range a.rooms[room] {
		if user != from {
			a.deliver(m, user)
		}
	}
	if c.Params != nil { // the older API, which answers as the other calls
		return a.words.im(c, codeOK, nil)
	}
	return a.words.im(c, codeOK, map[string]any{"requestId": m.ID})
}

func (a *App) pushGroup(c *mock.Call) mock.Answer {
	from, g := c.Get("fromUserId"), a.groups[c.Get("toGroupId")]
	switch {
	case !a.ours(c):
		return a.words.fail(c, codeParameter)
	case g == nil, g.blocked:
		return a.words.fail(c, codeNoGroup)
	case a.isBlocked(from, c.Now):
		return a.words.fail(c, codeBlocked)
	case g.member(from) == nil:
		return a.words.fail(c, codeNotMember)
	case g.member(from).gagged, g.gagged && from != g.admin:
		return a.words.fail(c, codeGagged)
	}
	m := a.message(c, "group", from, g.id)
	for _, member := range g.members {
		if member.user != from {
			a.deliver(m, member.user)
		}
	}
	return a.words.im(c, codeOK, nil)
}

func (a *App) pushSystem(c *mock.Call) mock.Answer {
	to, ok := a.users(c, "to")
	if !ok || len(to) > systemTargets || !a.ours(c) {
		return a.words.fail(c, codeParameter)
	}
	c.User = c.Get("from")
	for _, user := range to {
		a.deliver(a.message(c, "system", c.User, user), user)
	}
	return a.words.im(c, codeOK, nil)
}

func (a *App) message(c *mock.Call, kind, from, target string) Message {
	return Message{
		ID: a.Random.Hex(32), Kind: kind, From: from, Target: target,
		ObjectName: c.Get("objectName"), Content: c.Get("content"),
		PushContent: c.Get("pushContent"), PushData: c.Get("pushData"), At: c.Now,
	}
}

func (a *App) deliver(m Message, to string) { a.inbox[to] = append(a.inbox[to], m) }
