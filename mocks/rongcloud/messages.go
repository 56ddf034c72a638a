package rongcloud

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// Kind is the kind of conversation that a message belongs to.
type Kind string

// The kinds of conversation.
const (
	Private   Kind = "private"
	Group     Kind = "group"
	ChatRoom  Kind = "chatroom"
	System    Kind = "system"
	Everybody Kind = "broadcast"
	Ultra     Kind = "ultragroup"
	Discuss   Kind = "discussion" // a retired feature: nobody is in one
)

// conversationTypes are the vendor's numbers (docs/vendors/rongcloud.md#conversation-types).
var conversationTypes = map[Kind]int{Private: 1, Discuss: 2, Group: 3, ChatRoom: 4, System: 6, Everybody: 6, Ultra: 10}

// message is one message to one target: a publish to three users makes three.
type message struct {
	uid            string
	kind           Kind
	from, target   string
	objectName     string
	content        string
	status         bool // for users who are online now, kept nowhere
	unstored       bool // isPersisted=0
	undelivered    bool // a word or the pre-send callback stopped it
	includeSender  bool
	checkBlacklist bool
	only           []string // some members of a group; empty: all
	noPush         bool
	pushContent    string
	pushExt        string
	extraContent   string
	busChannel     string
	expandable     bool
	expansion      map[string]expansionPair
	at             time.Time
	fromClient     bool
	os             string // of the client
}

// messageUID makes an id in the vendor's look: 5FGT-7VA9-G4DD-4V5P.
func (a *App) messageUID() string {
	t := strings.ToUpper(a.Random.Token(16))
	return t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:]
}

// draft reads what every publish has and checks it.
func (a *App) draft(r request, kind Kind) (message, *failure) {
	m := message{
		kind: kind, from: r.text("fromUserId"), objectName: r.text("objectName"), content: r.text("content"),
		includeSender: r.yes("isIncludeSender"), unstored: r.text("isPersisted") != "" && !r.yes("isPersisted"), checkBlacklist: r.yes("verifyBlacklist"), noPush: r.yes("disablePush"),
		pushContent: r.text("pushContent"), pushExt: r.text("pushExt"), extraContent: r.text("extraContent"),
		busChannel: r.text("busChannel"), expandable: r.yes("expansion"), at: r.Now,
	}
	if r.JSON != nil {
		m.content = plain(m.content)
	}
	if f := a.checkContent(m.objectName, m.content); f != nil {
		return m, f
	}
	if m.pushExt != "" && !json.Valid([]byte(m.pushExt)) {
		return m, badParameter("pushExt", "is not JSON")
	}
	if m.extraContent == "" {
		return m, nil
	}
	var pairs map[string]string // none is fine: the Java SDK sends {}
	if json.Unmarshal([]byte(m.extraContent), &pairs) != nil || pairs == nil {
		return m, badParameter("extraContent", "is not a JSON object of texts")
	}
	if !m.expandable && len(pairs) > 0 {
		return m, badParameter("extraContent", "needs expansion")
	}
	m.expansion = map[string]expansionPair{}
	return m, m.expand(pairs, r.Now)
}

// plain is a JSON object that the Python SDK escaped, for a form, within a JSON body.
// INVENTED: that the vendor reads it.
func plain(content string) string {
	if !strings.HasPrefix(content, "%7B") {
		return content
	}
	if text, err := url.PathUnescape(content); err == nil {
		return text
	}
	return content
}

// publish sends a draft to each value of the parameter param; as names the
// target in the answer.
func publish(kind Kind, param, as string, status bool) handler {
	return func(a *App, r request) (reply, *failure) {
		m, f := a.draft(r, kind)
		if f != nil {
			return nil, f
		}
		if kind == Group {
			if f = direct(&m, r); f != nil {
				return nil, f
			}
		}
		m.includeSender = m.includeSender && len(r.list(param)) == 1
		m.status = status
		uids := []reply{}
		for _, target := range r.list(param) {
			one := m
			one.target = target
			a.send(&one)
			uids = append(uids, reply{as: target, "messageUID": one.uid})
		}
		return reply{"messageUIDs": uids}, nil
	}
}

// publishDiscussion takes the target under either name: the PHP SDK says
// toChatroomId. INVENTED: the ids in the answer stand beside groupId.
func (a *App) publishDiscussion(r request) (reply, *failure) {
	param := "toDiscussionId"
	if !r.has(param) {
		param = "toChatroomId"
	}
	if !r.has(param) {
		return nil, badParameter("toDiscussionId", "is required")
	}
	return publish(Discuss, param, "groupId", false)(a, r)
}

// direct reads the members whom a group message is for. It needs one group.
// INVENTED: expansion and push settings, which such a message does not support, are
// ignored (docs/vendors/rongcloud.md#directed-group-messages).
func direct(m *message, r request) *failure {
	if m.only = r.list("toUserId"); len(m.only) == 0 {
		return nil
	}
	if len(r.list("toGroupId")) != 1 {
		return badParameter("toGroupId", "must be one group when toUserId is given")
	}
	m.expandable, m.expansion, m.extraContent, m.noPush, m.pushExt = false, nil, "", false, ""
	return nil
}

// broadcast sends to everybody: all users, those online, or all chat rooms.
func broadcast(kind Kind, onlineOnly bool) handler {
	return func(a *App, r request) (reply, *failure) {
		m, f := a.draft(r, kind)
		if f != nil {
			return nil, f
		}
		m.status = onlineOnly
		a.send(&m)
		return reply{"messageUID": m.uid}, nil
	}
}

// publishTemplate fills each recipient's values into content and push texts. A
// list of push texts may be short, and an entry empty: then there is none.
// INVENTED: the values must be as many as the recipients.
func publishTemplate(kind Kind) handler {
	return func(a *App, r request) (reply, *failure) {
		to := r.list("toUserId")
		values, _ := r.JSON["values"].([]any)
		pushes := r.list("pushContent")
		if len(values) != len(to) {
			return nil, badParameter("values", "must have one entry for each recipient")
		}
		m, f := a.draft(r, kind)
		if f != nil {
			return nil, f
		}
		uids := []reply{}
		for i, target := range to {
			fill := filler(values[i])
			one := m
			one.target, one.content = target, fill.Replace(m.content)
			if i < len(pushes) {
				one.pushContent = fill.Replace(pushes[i])
			}
			a.send(&one)
			uids = append(uids, reply{"userId": target, "messageUID": one.uid})
		}
		return reply{"messageUIDs": uids}, nil
	}
}

// filler replaces {name} by its value; the vendor's samples write the braces
// into the keys.
func filler(values any) *strings.Replacer {
	var pairs []string
	members, _ := values.(map[string]any)
	for name, v := range members {
		if text, ok := v.(string); ok {
			pairs = append(pairs, "{"+strings.Trim(name, "{}")+"}", text)
		}
	}
	return strings.NewReplacer(pairs...)
}

// recall takes a message back. INVENTED: one that the vendor does not know, for
// instance since it is too old, is taken back without effect, and one of another
// sender or conversation is 1002.
func (a *App) recall(r request) (reply, *failure) {
	uid := r.text("messageUID")
	if !looksLikeUID(uid) {
		return nil, badParameter("messageUID", "is invalid")
	}
	m := a.messages[uid]
	if m == nil {
		return reply{}, nil
	}
	if m.from != r.text("fromUserId") || m.kind != Everybody && (m.target != r.text("targetId") && m.kind != System ||
		conversationTypes[m.kind] != r.number("conversationType", 0)) {
		return nil, badParameter("messageUID", "is not of this conversation")
	}
	a.takeBack(m, r.Now)
	return reply{}, nil
}

// takeBack removes the message from the inboxes and leaves the notice of it.
func (a *App) takeBack(m *message, now time.Time) {
	delete(a.messages, m.uid)
	content, err := json.Marshal(map[string]any{
		"operatorId": m.from, "recallTime": now.UnixMilli(), "originalObjectName": m.objectName, "messageUId": m.uid,
	})
	if err != nil {
		panic(err) // texts and numbers: cannot fail
	}
	for user, list := range a.inbox {
		for i := range list {
			if list[i].UID == m.uid {
				a.inbox[user][i].ObjectName, a.inbox[user][i].Content = "RC:RcNtf", string(content)
			}
		}
	}
}

func looksLikeUID(uid string) bool {
	parts := strings.Split(uid, "-")
	for _, p := range parts {
		if len(p) != 4 || strings.Trim(p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return false
		}
	}
	return len(parts) == 4
}
