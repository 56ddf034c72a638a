package erasure

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"switchboard/app/periodic"
)

// Void is since when a user's tokens are void. Who names the user without the app's
// secret: nobody.
type Void struct {
	App    string
	Digest string // of the user's id, under the app's secret
	At     time.Time
}

// VoidStore keeps them.
type VoidStore interface {
	AddVoid(ctx context.Context, v Void) error
	// Voids lists all that are not older than since.
	Voids(ctx context.Context, since time.Time) ([]Void, error)
	// PruneVoids forgets those that are older than before.
	PruneVoids(ctx context.Context, before time.Time) error
}

// Voids refuses the tokens that erased users had: a token is good by its signature alone,
// and would make the user anew. It is safe for concurrent use.
type Voids struct {
	Store  VoidStore
	Secret func(app string) []byte
	Keep   time.Duration // as long as the longest token lives
	Log    *slog.Logger

	mu    sync.RWMutex // guards the rest
	known map[string]time.Time
}

func (v *Voids) digest(app, user string) string {
	mac := hmac.New(sha256.New, v.Secret(app))
	mac.Write([]byte("erased\x00" + app + "\x00" + user))
	return hex.EncodeToString(mac.Sum(nil))
}

// Refuses reports whether a token that was issued then is void; one that does not say when
// is, as long as the erasure is remembered.
func (v *Voids) Refuses(app, user string, issued time.Time) bool {
	v.mu.RLock()
	empty := len(v.known) == 0
	v.mu.RUnlock()
	if empty {
		return false // mostly: no digest is made
	}
	key := app + "/" + v.digest(app, user)
	v.mu.RLock()
	defer v.mu.RUnlock()
	at, found := v.known[key]
	return found && !issued.After(at) // tokens tell whole seconds
}

// Add voids all that was issued to the user until now.
func (v *Voids) Add(ctx context.Context, app, user string, now time.Time) error {
	one := Void{App: app, Digest: v.digest(app, user), At: now}
	if err := v.Store.AddVoid(ctx, one); err != nil {
		return err
	}
	v.note([]Void{one})
	return nil
}

func (v *Voids) note(list []Void) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[string]time.Time{}
	}
	for _, one := range list {
		if key := one.App + "/" + one.Digest; one.At.After(v.known[key]) {
			v.known[key] = one.At
		}
	}
}

const (
	voidsEvery = time.Second
	pruneEvery = time.Hour
)

// Load reads what is void. It is called before the first token is looked at.
func (v *Voids) Load(ctx context.Context) error {
	list, err := v.Store.Voids(ctx, time.Time{})
	v.note(list)
	return err
}

// Run follows what other replicas void until ctx ends, and forgets what is too old for any
// token.
func (v *Voids) Run(ctx context.Context) error {
	pruned := time.Time{}
	periodic.Run(ctx, voidsEvery, func(ctx context.Context) {
		list, err := v.Store.Voids(ctx, time.Now().Add(-10*time.Minute))
		if v.note(list); err == nil && time.Since(pruned) > pruneEvery {
			pruned, err = time.Now(), v.prune(ctx, time.Now().Add(-v.Keep))
		}
		if err != nil && ctx.Err() == nil {
			v.Log.Warn("void tokens not read", "component", "erasure", "error", err)
		}
	})
	return nil
}

func (v *Voids) prune(ctx context.Context, before time.Time) error {
	v.mu.Lock()
	for key, at := range v.known {
		if at.Before(before) {
			delete(v.known, key)
		}
	}
	v.mu.Unlock()
	return v.Store.PruneVoids(ctx, before)
}
