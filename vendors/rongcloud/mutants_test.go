package rongcloud_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/singleflight"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// The account of certify.RongCloudMock.
const (
	key    = "key"
	secret = "s3cret-of-key"
)

// signature is the vendor's rule: docs/vendors/rongcloud.md#signing.
func signature(secret, nonce, timestamp string) string {
	sum := sha1.Sum([]byte(secret + nonce + timestamp))
	return hex.EncodeToString(sum[:])
}

// A mutant is the adapter made wrong in one way, and the check of the contract
// that has to notice it.
type mutant struct {
	name   string
	caught string
	vendor func(*vendors.Vendor)
	wire   func(r *http.Request, form url.Values) // spoils requests on their way; form is what is sent on
}

func TestEveryWrongAdapterIsCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a few seconds")
	}
	all := slices.Concat(messageMutants(), stateMutants(), errorMutants(), wireMutants(), audienceMutants(), conversationMutants(), callbackMutants(), deletionMutants())
	used := map[string]bool{}
	for _, m := range all {
		used[m.caught] = true
	}
	if r := run(t, func(name string) bool { return used[name] }, mutant{}); r.Count(vendortest.Passed) != len(used) {
		t.Fatalf("the right adapter does not pass: %+v", r.Cases)
	}
	caught := make([]bool, len(all))
	slots := make(chan struct{}, 8) // they wait more than they work
	var wg sync.WaitGroup
	for i, m := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			caught[i] = run(t, func(name string) bool { return name == m.caught }, m).Count(vendortest.Failed) == 1
		})
	}
	wg.Wait()
	for i, m := range all {
		if !caught[i] {
			t.Errorf("%s: survived %s", m.name, m.caught)
		}
	}
}

// run certifies the adapter with m's fault in it.
func run(t *testing.T, only func(string) bool, m mutant) vendortest.Report {
	return vendortest.Certify(t.Context(), "rongcloud", "mock", only, func(t vendortest.T) vendortest.Fixture {
		f := certify.RongCloudMock(t)
		open := f.Open
		f.Open = func(baseURL string) (*vendors.Vendor, error) {
			if m.wire != nil {
				baseURL = tamper(t, baseURL, m.wire)
			}
			v, err := open(baseURL)
			if err == nil && m.vendor != nil {
				m.vendor(v)
			}
			return v, err
		}
		return f
	})
}

// tamper is a proxy that spoils requests.
func tamper(t vendortest.T, target string, spoil func(*http.Request, url.Values)) string {
	u, err := url.Parse(target)
	if err != nil {
		t.Fatalf("%v", err)
	}
	srv := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			body, _ := io.ReadAll(r.In.Body)
			form, _ := url.ParseQuery(string(body))
			spoil(r.Out, form)
			if strings.HasPrefix(r.In.Header.Get("Content-Type"), "application/x-www-form") {
				body = []byte(form.Encode())
			}
			r.Out.Body, r.Out.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	t.Cleanup(srv.Close)
	return srv.URL
}

type sendFunc func(context.Context, vendors.Message) (vendors.Receipt, error)

func (f sendFunc) Send(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
	return f(ctx, m)
}

// sends spoils Send.
func sends(wrap func(right sendFunc) sendFunc) func(*vendors.Vendor) {
	return func(v *vendors.Vendor) { v.Messages = wrap(v.Messages.Send) }
}

// rewrites spoils the message before it is sent.
func rewrites(spoil func(*vendors.Message)) func(*vendors.Vendor) {
	return sends(func(right sendFunc) sendFunc {
		return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
			spoil(&m)
			return right(ctx, m)
		}
	})
}

// receipts spoils the receipt of a message that was sent.
func receipts(spoil func(*vendors.Receipt)) func(*vendors.Vendor) {
	return sends(func(right sendFunc) sendFunc {
		return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
			r, err := right(ctx, m)
			spoil(&r)
			return r, err
		}
	})
}

func messageMutants() []mutant {
	content, kinds := "EveryContentKindArrivesAsTheVendorKnowsIt", "EveryTargetKindArrivesThere"
	many := "EveryTargetOfASendGetsItOnceAndHasItsReceipt"
	return []mutant{
		{name: "wrong message type", caught: content, vendor: rewrites(func(m *vendors.Message) {
			if m.Content.Kind == vendors.Tip {
				m.Content.Kind = vendors.Text
			}
		})},
		{name: "drops extra", caught: content, vendor: rewrites(func(m *vendors.Message) { m.Content.Extra = "" })},
		{name: "strips characters outside ASCII", caught: content, vendor: rewrites(func(m *vendors.Message) {
			m.Content.Text = strings.Map(func(r rune) rune {
				if r > 127 {
					return -1
				}
				return r
			}, m.Content.Text)
		})},
		{name: "command without its data", caught: content, vendor: rewrites(func(m *vendors.Message) {
			if m.Content.Kind == vendors.Command {
				m.Content.Data = nil
			}
		})},
		{name: "swapped from and to", caught: kinds, vendor: sends(func(right sendFunc) sendFunc {
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				if m.Kind == vendors.ToUsers && len(m.To) == 1 {
					m.From, m.To = m.To[0], []string{m.From}
				}
				return right(ctx, m)
			}
		})},
		{name: "system message sent as private", caught: kinds, vendor: rewrites(func(m *vendors.Message) {
			if m.Kind == vendors.ToSystem {
				m.Kind = vendors.ToUsers
			}
		})},
		{name: "only the first target", caught: many, vendor: rewrites(func(m *vendors.Message) { m.To = m.To[:min(1, len(m.To))] })},
		{name: "sends twice", caught: many, vendor: sends(func(right sendFunc) sendFunc {
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				_, _ = right(ctx, m)
				return right(ctx, m)
			}
		})},
		{name: "receipt in another order", caught: many, vendor: receipts(func(r *vendors.Receipt) { slices.Reverse(r.Targets) })},
		{name: "loses a target's failure", caught: "TargetThatFailedIsToldInTheReceiptAndTheOthersAreNot", vendor: receipts(func(r *vendors.Receipt) {
			for i := range r.Targets {
				r.Targets[i].Err = nil
			}
		})},
		{name: "unknown kind of target becomes a user", caught: "TargetKindThatTheVendorCannotReachIsRefusedBeforeTheCall", vendor: rewrites(func(m *vendors.Message) {
			if m.Kind == "planet" {
				m.Kind = vendors.ToUsers
			}
		})},
		{name: "unknown kind of content becomes a text", caught: "ContentThatTheVendorHasNoFormForIsRefusedBeforeTheCall", vendor: rewrites(func(m *vendors.Message) {
			if m.Content.Kind == "hologram" {
				m.Content.Kind = vendors.Text
			}
		})},
		{name: "cuts what is over the limit", caught: "CallOverALimitIsRefusedBeforeItLeavesAndOneAtTheLimitIsNot", vendor: rewrites(func(m *vendors.Message) {
			m.To = m.To[:min(len(m.To), 3)]
		})},
		{name: "mixes parallel callers", caught: "ParallelCallersDoNotMixTheirMessages", vendor: sends(func(right sendFunc) sendFunc {
			var flight singleflight.Group
			return func(ctx context.Context, m vendors.Message) (vendors.Receipt, error) {
				r, err, _ := flight.Do("send", func() (any, error) { return right(ctx, m) })
				return r.(vendors.Receipt), err
			}
		})},
	}
}
