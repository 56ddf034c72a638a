package vendors

// Memory is where a router keeps which account served a conversation or call
// last. Forgetting one costs it a fresh choice, which for ordered and hashed
// routes is mostly the same one. It has to be safe for concurrent use, and
// bounded.
type Memory interface {
	Get(key string) (account string, known bool)
	Set(key, account string)
}

func stickyKey(q Request) string { return string(q.Capability) + "\x00" + q.Sticky }

func (r *Router) lastAccount(q Request) string {
	if q.Sticky == "" || r.Sticky == nil {
		return ""
	}
	account, _ := r.Sticky.Get(stickyKey(q))
	return account
}

func (r *Router) keepAccount(q Request, account string) {
	if q.Sticky != "" && r.Sticky != nil {
		r.Sticky.Set(stickyKey(q), account)
	}
}
