package middleware

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// behind runs handler behind Deadline(d) over parent.
func behind(parent context.Context, d time.Duration, handler func(context.Context)) {
	app := fiber.New()
	app.Use(Base(parent), Deadline(d), func(c *fiber.Ctx) error {
		handler(c.UserContext())
		return nil
	})
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	app.Handler()(&ctx)
}

func TestRequestEndsAtItsDeadlineWhetherOrNotSomebodyWaits(t *testing.T) {
	for name, wait := range map[string]func(context.Context){
		"nobody waits":     func(context.Context) { time.Sleep(time.Second) },
		"somebody waits":   func(ctx context.Context) { <-ctx.Done() },
		"a child waits":    func(ctx context.Context) { child, stop := context.WithCancel(ctx); defer stop(); <-child.Done() },
		"a function waits": func(ctx context.Context) { context.AfterFunc(ctx, func() {}); time.Sleep(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun, seen := time.Now(), context.Context(nil)
				behind(t.Context(), time.Second, func(ctx context.Context) {
					seen = ctx
					time.Sleep(time.Second - 1)
					if end, ok := ctx.Deadline(); !ok || end.Sub(begun) != time.Second || ctx.Err() != nil {
						t.Errorf("before the end: %v, %v, %v", end.Sub(begun), ok, ctx.Err())
					}
					wait(ctx)
					if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) || context.Cause(ctx) != err {
						t.Errorf("after the end: %v, %v", err, context.Cause(ctx))
					}
				})
				if <-seen.Done(); !errors.Is(seen.Err(), context.DeadlineExceeded) {
					t.Errorf("after the request: %v", seen.Err())
				}
			})
		})
	}
}

func TestRequestEndsWithItsParent(t *testing.T) {
	for name, waits := range map[string]bool{"nobody waits": false, "somebody waits": true} {
		t.Run(name, func(t *testing.T) {
			parent, cancel := context.WithCancel(t.Context())
			behind(parent, time.Minute, func(ctx context.Context) {
				if waits {
					defer func() { <-ctx.Done() }()
					ctx.Done()
				}
				if ctx.Err() != nil {
					t.Error(ctx.Err())
				}
				cancel()
				if !errors.Is(ctx.Err(), context.Canceled) {
					t.Error(ctx.Err())
				}
			})
		})
	}
	near, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	behind(near, time.Minute, func(ctx context.Context) {
		want, _ := near.Deadline()
		if end, _ := ctx.Deadline(); end != want {
			t.Errorf("ends %v after its parent", end.Sub(want))
		}
	})
}

func TestNothingGoesOnAfterTheRequest(t *testing.T) {
	var late, waited, child context.Context
	var stop context.CancelFunc
	behind(t.Context(), time.Minute, func(ctx context.Context) { late = ctx })
	behind(t.Context(), time.Minute, func(ctx context.Context) { waited = ctx; ctx.Done() })
	behind(t.Context(), time.Minute, func(ctx context.Context) { child, stop = context.WithCancel(ctx) })
	defer stop()
	for name, ctx := range map[string]context.Context{"nobody waited": late, "somebody waited": waited, "a child": child} {
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("%s: %v", name, ctx.Err())
		}
		select {
		case <-ctx.Done():
		default:
			t.Errorf("%s: who waits now waits for ever", name)
		}
	}
}
