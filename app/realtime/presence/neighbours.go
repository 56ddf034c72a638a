package presence

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"switchboard/app/periodic"
)

// NodeStore keeps which processes (nodes) live.
type NodeStore interface {
	// Renew is Store's.
	Renew(ctx context.Context, node string, lease time.Duration) (isNew bool, err error)
	// Leases returns until when each node of the prefix has said that it lives.
	Leases(ctx context.Context, prefix string) (map[string]time.Time, error)
}

const (
	neighbourEvery  = 5 * time.Second
	neighbourLease  = 3 * neighbourEvery
	neighbourPrefix = "alone-" // so that these nodes hold nobody's sessions
)

// Neighbours finds out whether other processes work on the store of one that believes
// to be alone, since it has no bus to reach others. It warns once. It is safe for
// concurrent use.
type Neighbours struct {
	Store NodeStore
	Node  string
	Log   *slog.Logger

	found  atomic.Int64
	warned bool                 // of Run alone
	seen   map[string]neighbour // at the last look, of Run alone
}

// neighbour is a node with a lease that is not over.
type neighbour struct {
	until   time.Time
	renewed bool // it was seen to live
}

// Count is how many others live.
func (n *Neighbours) Count() int64 { return n.found.Load() }

// Run says that this process lives, and looks for others, until ctx ends.
func (n *Neighbours) Run(ctx context.Context) error {
	periodic.RunNow(ctx, neighbourEvery, n.look)
	return nil
}

// look counts the nodes that were seen to renew their lease: one that died a moment ago,
// an earlier life of this process for instance, never does.
func (n *Neighbours) look(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_, err := n.Store.Renew(limited, neighbourPrefix+n.Node, neighbourLease)
	var leases map[string]time.Time
	if err == nil {
		leases, err = n.Store.Leases(limited, neighbourPrefix)
	}
	if err != nil {
		if ctx.Err() == nil {
			n.Log.Warn("other replicas not looked for", "component", "replicas", "error", err)
		}
		return
	}
	delete(leases, neighbourPrefix+n.Node)
	live, seen := int64(0), map[string]neighbour{}
	for node, until := range leases {
		before, known := n.seen[node]
		renewed := known && (before.renewed || until.After(before.until))
		if seen[node] = (neighbour{until, renewed}); renewed {
			live++
		}
	}
	n.seen = seen
	n.found.Store(live)
	if live > 0 && !n.warned {
		n.warned = true
		n.Log.Warn("other replicas work on this store and there is no bus: set SWITCHBOARD_BUS_URL, else news is late and commands reach sessions of their own replica only",
			"component", "replicas", "others", live)
	}
}
