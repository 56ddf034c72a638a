package rongcloud

// relation is one of a user's lists of other users.
type relation func(*user) *[]string

func blacklist(u *user) *[]string { return &u.black }
func whitelist(u *user) *[]string { return &u.white }

// maxRelation is how many users a list may hold (docs/vendors/rongcloud.md#blacklists).
const maxRelation = 3000

func addRelation(of relation, param string) handler {
	return func(a *App, r request) (reply, *failure) {
		list := of(a.user(r.text("userId")))
		longer := with(*list, r.list(param)...)
		if len(longer) > maxRelation {
			return nil, badParameter(param, "makes the list too long")
		}
		*list = longer
		return reply{}, nil
	}
}

func removeRelation(of relation, param string) handler {
	return func(a *App, r request) (reply, *failure) {
		list := of(a.user(r.text("userId")))
		*list = without(*list, r.list(param)...)
		return reply{}, nil
	}
}

func queryRelation(of relation) handler {
	return func(a *App, r request) (reply, *failure) {
		return reply{"users": whole(*of(a.user(r.text("userId"))))}, nil
	}
}

// banChat bans users from one-to-one chat, or lifts that.
func (a *App) banChat(r request) (reply, *failure) {
	for _, id := range r.list("userId") {
		a.user(id).noChat = r.yes("state")
	}
	return reply{}, nil
}

func (a *App) chatBanned(r request) (reply, *failure) {
	list := []string{}
	for _, id := range a.order {
		if u := a.users[id]; u != nil && u.noChat {
			list = append(list, id)
		}
	}
	from := min(r.number("offset", 0), len(list))
	to := min(from+r.count("num", 200), len(list))
	return reply{"total": len(list), "users": list[from:to]}, nil
}

func (a *App) setTags(r request) (reply, *failure) {
	for _, id := range append(r.list("userIds"), r.list("userId")...) {
		a.user(id).tags = r.list("tags")
	}
	return reply{}, nil
}

func (a *App) getTags(r request) (reply, *failure) {
	result := map[string][]string{}
	for _, id := range r.list("userIds") {
		result[id] = whole(a.user(id).tags)
	}
	return reply{"result": result}, nil
}
