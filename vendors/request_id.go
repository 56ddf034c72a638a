package vendors

import "context"

type requestIDKey struct{}

// WithRequestID attaches the id of the request that ctx serves, for logs, the
// ledger and those vendors that take one.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id attached by WithRequestID, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
