package rongcloud

import (
	"encoding/json"
	"slices"
	"time"
)

func historyOperations() []operation {
	all := []operation{
		managed("/v3/message/private/query.json", queryHistory(Private)),
		managed("/v3/message/group/query.json", queryHistory(Group)),
		managed("/v3/message/chatroom/query.json", queryHistory(ChatRoom)),
		managed("/v3/message/ultragroup/query.json", queryHistory(Ultra)),
		managed("/conversation/message/history/clean.json", (*App).clearHistory),
		managed("/message/history.json", (*App).messageLog),
		managed("/message/history/delete.json", (*App).deleteMessageLog),
		managed("/message/private/modify.json", modify(Private, "targetId")),
		managed("/message/group/modify.json", modify(Group, "groupId")),
	}
	for i := range all[:5] {
		all[i].service = CloudStorage
	}
	all[5].service, all[6].service = MessageLog, MessageLog
	return all
}

const defaultHistoryPage = 10

// queryHistory reads a conversation's stored messages. INVENTED: oldest first,
// after the start and up to the end, as the ultra groups have it; anybody may read
// a group or a chat room.
func queryHistory(kind Kind) handler {
	return func(a *App, r request) (reply, *failure) {
		user, target := r.text("userId"), r.text("targetId")
		start, end := int64(r.number("startTime", 0)), int64(r.number("endTime", 0))
		list := []reply{}
		for _, m := range a.stored(kind, user, target) {
			at := m.at.UnixMilli()
			if at > end || at < start || at == start && !r.yes("includeStart") {
				continue
			}
			if ch := r.text("busChannel"); kind == Ultra && ch != "" && ch != m.busChannel {
				continue
			}
			list = append(list, m.history(target))
		}
		return reply{"data": page(list, 1, r.count("pageSize", defaultHistoryPage))}, nil
	}
}

// stored is what a user's history of a conversation holds, oldest first.
func (a *App) stored(kind Kind, user, target string) []*message {
	var list []*message
	for _, uid := range a.uids {
		if m := a.messages[uid]; m != nil && m.kind == kind && m.isStored() && m.isIn(target, user) && !a.isCleared(m, user, target) {
			list = append(list, m)
		}
	}
	slices.SortStableFunc(list, func(x, y *message) int { return x.at.Compare(y.at) })
	return list
}

func (m *message) isStored() bool {
	return !m.status && !m.unstored && !m.undelivered && traitsOf(m.objectName).stored
}

// isIn is true when the message is in the user's history with target. A sender of
// the server API has it only with isIncludeSender
// (docs/vendors/rongcloud.md#publish).
func (m *message) isIn(target, user string) bool {
	kept := m.from != user || m.fromClient || m.includeSender
	if m.kind == Private {
		return m.from == target && m.target == user || m.from == user && m.target == target && kept
	}
	return m.target == target && kept && (len(m.only) == 0 || m.from == user || slices.Contains(m.only, user))
}

func (a *App) isCleared(m *message, user, target string) bool {
	if m.kind == ChatRoom {
		user = ""
	}
	s := a.talks[talk{user: user, kind: conversationTypes[m.kind], target: target}]
	return s != nil && m.at.UnixMilli() <= s.cleared.UnixMilli()
}

// history is a message as the v3 queries show it.
func (m *message) history(target string) reply {
	out := reply{
		"targetId": target, "fromUserId": m.from, "messageUID": m.uid, "msgTime": m.at.UnixMilli(), "objectName": m.objectName,
		"content": m.content, "expansion": m.expandable, "extraContent": m.expansionText(),
	}
	if m.busChannel != "" {
		out["busChannel"] = m.busChannel
	}
	return out
}

// expansionText is the pairs that are set now as JSON; "" for none.
func (m *message) expansionText() string {
	if len(m.expansion) == 0 {
		return ""
	}
	pairs := map[string]string{}
	for k, p := range m.expansion {
		pairs[k] = p.value
	}
	b, err := json.Marshal(pairs)
	if err != nil {
		panic(err) // texts: cannot fail
	}
	return string(b)
}

// modify replaces the content of a message, also where it was delivered. INVENTED:
// 1002 unless it is that sender's, that conversation's and keeps its type.
func modify(kind Kind, param string) handler {
	return func(a *App, r request) (reply, *failure) {
		m := a.messages[r.text("msgUID")]
		name := r.text("objectName")
		switch {
		case m == nil || m.kind != kind || m.from != r.text("fromUserId") || m.target != r.text(param):
			return nil, badParameter("msgUID", "is not a message of this sender and conversation")
		case name != "" && name != m.objectName:
			return nil, badParameter("objectName", "is not the message's")
		}
		if f := a.checkContent(m.objectName, r.text("content")); f != nil {
			return nil, f
		}
		m.content = r.text("content")
		for _, list := range a.inbox {
			for i := range list {
				if list[i].UID == m.uid {
					list[i].Content = m.content
				}
			}
		}
		return reply{}, nil
	}
}

// logLife is how long the file of an hour is kept.
const logLife = 3 * 24 * time.Hour
