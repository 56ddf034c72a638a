package rongcloud

import (
	"slices"
	"time"
)

// Push is one push that was accepted. The devices are not part of the mock: whom
// it is for is what can be known.
type Push struct {
	ID           string         `json:"id"`
	Path         string         `json:"path"`
	Users        []string       `json:"users"`
	Notification map[string]any `json:"notification"`
	Audience     map[string]any `json:"audience,omitempty"`
	MessageUID   string         `json:"messageUID,omitempty"` // of the message that went with it
	At           time.Time      `json:"at"`
}

const maxPushes = 1000 // that are remembered

func pushOperations() []operation {
	push := managed("/push.json", (*App).push)
	push.rates, push.service, push.pool = fewADay, Broadcast, broadcastPool
	users := managed("/push/user.json", (*App).pushUsers)
	users.unit = "userIds"
	custom := managed("/push/custom.json", (*App).pushCustom)
	custom.rates = nil
	return []operation{push, users, custom}
}

// push notifies the audience. With a message it also sends that, as a system
// message, whose content is not looked at.
func (a *App) push(r request) (reply, *failure) {
	notification, audience := r.inner("notification"), r.inner("audience")
	p := Push{Path: r.Path, Users: a.audience(audience, r), Notification: notification, Audience: audience, At: r.Now}
	out := reply{}
	if m := r.inner("message"); len(m) > 0 {
		if r.text("fromuserid") == "" {
			return nil, badParameter("fromuserid", "is required with a message")
		}
		one := message{
			kind: Everybody, from: r.text("fromuserid"), objectName: text(m["objectName"]), content: plain(text(m["content"])),
			at: r.Now, pushContent: text(notification["alert"]), only: append([]string{""}, p.Users...),
		}
		a.send(&one)
		p.MessageUID = one.uid
		out["messageUID"] = one.uid
	}
	out["id"] = a.pushed(p)
	return out, nil
}

// pushUsers notifies up to 100 users and makes no conversation. INVENTED: that it
// answers an id.
func (a *App) pushUsers(r request) (reply, *failure) {
	notification := r.inner("notification")
	if text(notification["pushContent"]) == "" {
		return nil, badParameter("pushContent", "is required")
	}
	return reply{"id": a.pushed(Push{Path: r.Path, Users: r.list("userIds"), Notification: notification, At: r.Now})}, nil
}

func (a *App) pushCustom(r request) (reply, *failure) {
	p := Push{Path: r.Path, Notification: r.inner("notification"), Audience: r.inner("audience"), At: r.Now}
	p.Users = a.audience(p.Audience, r)
	return reply{"id": a.pushed(p)}, nil
}

// pushed remembers a push and returns its id.
func (a *App) pushed(p Push) string {
	p.ID, p.Users = a.Random.Hex(24), whole(p.Users)
	if len(a.pushes) == maxPushes {
		a.pushes = slices.Delete(a.pushes, 0, maxPushes/4)
	}
	a.pushes = append(a.pushes, p)
	return p.ID
}

// Pushes returns what was pushed, oldest first.
func (a *App) Pushes() []Push {
	var list []Push
	a.Do(func() { list = slices.Clone(a.pushes) })
	return list
}

// inner is a parameter that is a JSON object.
func (r request) inner(name string) map[string]any {
	m, _ := r.JSON[name].(map[string]any)
	return m
}

// audience is the registered users whom a push is for. INVENTED: platform and
// packageName leave nobody out, since the mock has no devices.
func (a *App) audience(who map[string]any, r request) []string {
	var list []string
	named := jsonTexts(who["userid"])
	all, _ := who["is_to_all"].(bool)
	for _, u := range a.registered() {
		if all || slices.Contains(named, u.id) || len(named) == 0 && u.wants(who) {
			list = append(list, u.id)
		}
	}
	return list
}

// wants holds a user's tags against an audience: every one of tag, one of tag_or,
// and the items of Push Plus. Without any of them nobody is meant.
func (u *user) wants(who map[string]any) bool {
	every, some := jsonTexts(who["tag"]), jsonTexts(who["tag_or"])
	items, _ := who["tagItems"].([]any)
	if len(every)+len(some)+len(items) == 0 {
		return false
	}
	return u.tagged(every, true) && (len(some) == 0 || u.tagged(some, false)) && u.fits(items)
}

func (u *user) tagged(tags []string, all bool) bool {
	for _, t := range tags {
		if slices.Contains(u.tags, t) != all {
			return !all
		}
	}
	return all
}

// fits: each item says how it stands to those before it; the default is OR, within
// an item too.
func (u *user) fits(items []any) bool {
	result := len(items) == 0
	for i, v := range items {
		item, _ := v.(map[string]any)
		one := u.tagged(jsonTexts(item["tags"]), item["tagsOperator"] == "AND")
		if not, _ := item["isNot"].(bool); not {
			one = !one
		}
		switch {
		case i == 0:
			result = one
		case item["itemsOperator"] == "AND":
			result = result && one
		default:
			result = result || one
		}
	}
	return result
}

// jsonTexts is the texts of a JSON array.
func jsonTexts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
