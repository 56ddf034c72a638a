package vendors

import (
	"context"
	"time"
)

// Session is one connection of a user's client.
type Session struct {
	Device string    // names it for EndSessions; the vendor's word for a device, a platform or a resource
	Client string    // kind of the client, in the vendor's words; empty: not told
	Addr   string    // of the client, as the vendor saw it; empty: not told
	Since  time.Time // zero: not told
}

// Sessions reads and ends live connections. To end one forbids nothing: a client with
// a good credential may come back, which Revoker and Users prevent.
type Sessions interface {
	// ListSessions lists what the user has now; nothing for who is not connected.
	ListSessions(ctx context.Context, user string) ([]Session, error)
	// EndSessions ends those of device, or all for "". None to end is no error. At a
	// vendor of SessionsAll a device is ErrUnsupported before the call.
	EndSessions(ctx context.Context, user, device string) error
}
