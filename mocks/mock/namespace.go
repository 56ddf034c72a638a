package mock

import (
	"maps"
	"sync"
)

// DefaultNamespace is the one that the configured credentials choose, and that
// unknown credentials are refused in.
const DefaultNamespace = "default"

// Namespace is one customer account of the vendor: parallel tests use one each
// on one server. A request's credentials choose it, so a vendor's own client
// needs to know nothing of namespaces.
type Namespace struct {
	Name      string
	Clock     *Clock
	Random    *Random
	Journal   *Journal
	Faults    *Faults
	Callbacks *Sender

	credentials map[string]string
	mu          sync.Mutex // guards the vendor's state of this namespace
}

// Credential returns one of the account's credentials, secrets among them.
func (n *Namespace) Credential(name string) string { return n.credentials[name] }

// Credentials returns all of them, for the caller to keep.
func (n *Namespace) Credentials() map[string]string { return maps.Clone(n.credentials) }

// Do runs f while no operation of the namespace runs. Operations run inside it
// already: they must not call it.
func (n *Namespace) Do(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

// Outside runs f without the namespace's lock, from within an operation: for
// I/O. State read before may be old after it.
func (n *Namespace) Outside(f func()) {
	n.mu.Unlock()
	defer n.mu.Lock()
	f()
}

// State is what a vendor remembers about one namespace.
type State interface {
	// Reset makes it as new. It runs inside Namespace.Do.
	Reset()
}

type space[S State] struct {
	*Namespace
	state S
}
