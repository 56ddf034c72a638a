package vendors

import "context"

type callerKey struct{}

// WithCaller attaches who makes the request that ctx serves, app and user, so that
// callers share a vendor's rate fairly.
func WithCaller(ctx context.Context, caller string) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// CallerOf returns the caller attached by WithCaller, or "": this process itself.
func CallerOf(ctx context.Context) string {
	caller, _ := ctx.Value(callerKey{}).(string)
	return caller
}
