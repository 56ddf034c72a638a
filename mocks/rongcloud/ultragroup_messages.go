package rongcloud

import (
	"encoding/json"
	"slices"
	"time"
)

func ultraMessageOperations() []operation {
	publish := managed("/message/ultragroup/publish.json", (*App).publishUltra)
	publish.unit = "toGroupIds"
	modify := managed("/ultragroup/msg/modify.json", modify(Ultra, "groupId"))
	modify.rates = []rate{{100, time.Minute}}
	query := managed("/ultragroup/hismsg/query.json", withUltra(ultraHistory))
	query.rates = []rate{{100, time.Minute}}
	return []operation{
		publish, modify, query,
		managed("/ultragroup/hismsg/msgid/query.json", withUltra(ultraAround)),
		managed("/ultragroup/msg/get.json", withUltra(ultraMessages)),
		managed("/ultragroup/message/expansion/set.json", (*App).setExpansion),
		managed("/ultragroup/message/expansion/delete.json", (*App).deleteExpansion),
		managed("/ultragroup/message/expansion/query.json", (*App).queryExpansion),
	}
}

// publishUltra sends to channels. Anybody may, member or not. Who repeats msgRandom
// within a minute repeats the message: it gets the same id and goes out once.
// INVENTED: what goes to a channel that is not there gets an id and reaches nobody.
func (a *App) publishUltra(r request) (reply, *failure) {
	m, f := a.draft(r, Ultra)
	if f != nil {
		return nil, f
	}
	if m.busChannel == "" {
		m.busChannel = defaultChannel
	}
	m.only, m.includeSender = r.list("toUserIds"), true
	if len(m.only) > 0 && len(r.list("toGroupIds")) > 1 {
		return nil, badParameter("toGroupIds", "must be one group when toUserIds is given")
	}
	uids := []reply{}
	for _, target := range r.list("toGroupIds") {
		one := m
		one.target = target
		uids = append(uids, reply{"groupId": target, "messageUID": a.sendOnce(&one, r.text("msgRandom"))})
	}
	return reply{"messageUIDs": uids}, nil
}

const repeatWindow = time.Minute // in which msgRandom names a message

// sendOnce sends unless the same sender used random in the group within a minute.
func (a *App) sendOnce(m *message, random string) string {
	key := m.from + "\n" + m.target + "\n" + m.busChannel + "\n" + random
	named := random != "" && random != "0" // which the Go SDK sends for none
	if old := a.messages[a.repeats[key]]; old != nil && named && m.at.Sub(old.at) < repeatWindow {
		return old.uid
	}
	a.send(m)
	if len(a.repeats) >= maxMessages {
		clear(a.repeats)
	}
	if named {
		a.repeats[key] = m.uid
	}
	return m.uid
}

// ultraAudience is whom a message to an ultra group reaches: the members of its
// channel, and of those the named ones when there are any.
func (a *App) ultraAudience(m *message) []string {
	g := a.ultras[m.target]
	if g == nil || g.channel(m.busChannel) == nil {
		return nil
	}
	ids := g.reaches(g.channel(m.busChannel))
	if len(m.only) > 0 {
		ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(m.only, id) })
	}
	return ids
}

// ultraMessage is a message of the group by its id, within a channel when one is named;
// nil for none.
func (a *App) ultraMessage(g *ultraGroup, uid, channel string) *message {
	m := a.messages[uid]
	if m == nil || m.kind != Ultra || m.target != g.id || channel != "" && channel != m.busChannel {
		return nil
	}
	return m
}

// ultraMessages reads messages by their ids; those that are not there are left out.
func ultraMessages(a *App, g *ultraGroup, r request) (reply, *failure) {
	var wanted []struct{ MsgUID, BusChannel string }
	if json.Unmarshal([]byte(r.text("msgs")), &wanted) != nil || len(wanted) == 0 {
		return nil, badParameter("msgs", "is not a JSON array of messages")
	}
	list := []reply{}
	for _, w := range wanted {
		ch := w.BusChannel
		if ch == "" {
			ch = r.text("busChannel")
		}
		if m := a.ultraMessage(g, w.MsgUID, ch); m != nil {
			list = append(list, reply{
				"fromUserId": m.from, "groupId": g.id, "sentTime": m.at.UnixMilli(), "busChannel": m.busChannel, "msgUID": m.uid,
				"objectName": m.objectName, "content": m.content, "expansion": m.expandable, "extraContent": m.expansionText(),
			})
		}
	}
	return reply{"data": list}, nil
}

// ultraView is a message as the two history calls show it; "conversionType" is
// spelt so.
func (m *message) ultraView() reply {
	return reply{
		"groupId": m.target, "busChannel": m.busChannel, "fromUserId": m.from, "msgUID": m.uid, "msgTime": m.at.UnixMilli(),
		"objectName": m.objectName, "conversionType": conversationTypes[Ultra], "content": m.content, "expansion": m.expandable,
		"extraContent": m.expansionText(),
	}
}

const (
	ultraLife = 7 * 24 * time.Hour  // of messages in the history
	ultraSpan = 14 * 24 * time.Hour // of one query
)

// channelHistory is the stored messages of a channel, oldest first.
func (a *App) channelHistory(g *ultraGroup, channel string, now time.Time) []*message {
	var list []*message
	for _, uid := range a.uids {
		m := a.ultraMessage(g, uid, channel)
		if m != nil && m.isStored() && now.Sub(m.at) < ultraLife {
			list = append(list, m)
		}
	}
	slices.SortStableFunc(list, func(x, y *message) int { return x.at.Compare(y.at) })
	return list
}

func ultraHistory(a *App, g *ultraGroup, r request) (reply, *failure) {
	start, end := time.UnixMilli(int64(r.number("startTime", 0))), time.UnixMilli(int64(r.number("endTime", 0)))
	if end.Sub(start) > ultraSpan {
		return nil, badParameter("endTime", "is more than 14 days after startTime")
	}
	list := []reply{}
	for _, m := range a.channelHistory(g, r.text("busChannel"), r.Now) {
		at := time.UnixMilli(m.at.UnixMilli())
		if from := r.text("fromUserId"); at.After(start) && !at.After(end) && (from == "" || from == m.from) {
			list = append(list, m.ultraView())
		}
	}
	return reply{"data": page(list, 1, r.count("pageSize", 20))}, nil
}

// ultraAround is a message with prevNum before it and lastNum after it.
func ultraAround(a *App, g *ultraGroup, r request) (reply, *failure) {
	all := a.channelHistory(g, r.text("busChannel"), r.Now)
	list := []reply{}
	if i := slices.IndexFunc(all, func(m *message) bool { return m.uid == r.text("msgUID") }); i >= 0 {
		for _, m := range all[max(i-r.number("prevNum", 10), 0):min(i+1+r.number("lastNum", 10), len(all))] {
			list = append(list, m.ultraView())
		}
	}
	return reply{"data": list}, nil
}
