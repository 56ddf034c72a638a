package vendors

// Memory is where a router keeps which account served a conversation or call
// last. Forgetting one costs it a fresh choice, which for ordered and hashed
// routes is mostly the same one. It has to be safe for concurrent use, and
// bounded.
type Memory interface {
	Get(key string) (account string, known bool)
	Set(key, account string)
}
