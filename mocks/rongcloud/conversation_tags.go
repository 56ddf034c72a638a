package rongcloud

import (
	"slices"
	"time"
)

// conversationTag is one user's label for conversations.
type conversationTag struct {
	id, name string
	created  time.Time
	talks    []talk // oldest first
}

const (
	maxConversationTags = 20   // of a user
	maxTagged           = 1000 // conversations under one tag: then the oldest falls out
)

func tagOperations() []operation {
	return []operation{
		managed("/user/conversation/tag/set.json", (*App).setConversationTags),
		managed("/user/conversation/tag/del.json", (*App).deleteConversationTags),
		managed("/user/conversation/tag/get.json", (*App).conversationTags).reads(),
		managed("/tag/conversation/set.json", tagConversations(true)),
		managed("/tag/conversation/del.json", tagConversations(false)),
		managed("/tag/conversation/get.json", (*App).taggedConversations).reads(),
	}
}

// conversationTag finds a tag of a user; nil when there is none.
func (a *App) conversationTag(user, id string) *conversationTag {
	for _, t := range a.talkTags[user] {
		if t.id == id {
			return t
		}
	}
	return nil
}

// setConversationTags makes tags or renames them. INVENTED: 1002 for more than 20.
func (a *App) setConversationTags(r request) (reply, *failure) {
	user := r.text("userId")
	list := slices.Clone(a.talkTags[user])
	names := map[string]string{}
	for _, m := range r.objects("tags") {
		id := text(m["tagId"])
		names[id] = text(m["tagName"])
		if a.conversationTag(user, id) == nil && !slices.ContainsFunc(list, func(t *conversationTag) bool { return t.id == id }) {
			list = append(list, &conversationTag{id: id, created: r.Now})
		}
	}
	if len(list) > maxConversationTags {
		return nil, badParameter("tags", "makes more than 20 tags")
	}
	a.talkTags[user] = list
	for _, t := range list {
		if name, ok := names[t.id]; ok {
			t.name = name
		}
	}
	return reply{}, nil
}

func (a *App) deleteConversationTags(r request) (reply, *failure) {
	user := r.text("userId")
	a.talkTags[user] = slices.DeleteFunc(a.talkTags[user], func(t *conversationTag) bool { return slices.Contains(r.list("tagIds"), t.id) })
	return reply{}, nil
}

func (t *conversationTag) view() reply {
	return reply{"tagId": t.id, "tagName": t.name, "createTime": t.created.UnixMilli()}
}

func (a *App) conversationTags(r request) (reply, *failure) {
	list := []reply{}
	for _, t := range a.talkTags[r.text("userId")] {
		list = append(list, t.view())
	}
	return reply{"data": reply{"userId": r.text("userId"), "tags": list}}, nil
}

// tagsOf is the tags that a user gave a conversation.
func (a *App) tagsOf(of talk) []reply {
	list := []reply{}
	for _, t := range a.talkTags[of.user] {
		if slices.Contains(t.talks, of) {
			list = append(list, t.view())
		}
	}
	return list
}

// tagConversations puts conversations under a tag, or takes them away. INVENTED:
// 1002 for a tag that there is not.
func tagConversations(add bool) handler {
	return func(a *App, r request) (reply, *failure) {
		t := a.conversationTag(r.text("userId"), r.text("tagId"))
		if t == nil {
			return nil, badParameter("tagId", "is no tag of the user")
		}
		for _, m := range r.objects("conversations") {
			kind, _ := m["conversationType"].(float64)
			one := talk{user: r.text("userId"), kind: int(kind), target: text(m["targetId"])}
			t.talks = slices.DeleteFunc(t.talks, func(o talk) bool { return o == one })
			if add {
				t.talks = append(t.talks, one)
			}
		}
		if over := len(t.talks) - maxTagged; over > 0 {
			t.talks = slices.Delete(t.talks, 0, over)
		}
		return reply{}, nil
	}
}

func (a *App) taggedConversations(r request) (reply, *failure) {
	list := []reply{}
	if t := a.conversationTag(r.text("userId"), r.text("tagId")); t != nil {
		for _, one := range t.talks {
			list = append(list, reply{"targetId": one.target, "conversationType": one.kind})
		}
	}
	return reply{"data": reply{"tagId": r.text("tagId"), "conversations": list}}, nil
}
