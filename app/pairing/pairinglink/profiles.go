package pairinglink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

const (
	profileTimeout = 2 * time.Second
	profilePause   = time.Second // nobody asks a business server again that was not reached
	profileBytes   = 1 << 20
)

// profiles asks the business server, once for all who want the same person, and
// keeps what it says.
type profiles struct {
	at     *url.URL
	client *http.Client
	lookup Lookup
	log    *slog.Logger
	after  atomic.Int64 // unix nanoseconds: not reached before, so not asked until then
}

func newProfiles(c ProfileConfig, client *http.Client, lookup Lookup, log *slog.Logger) *profiles {
	at, _ := url.Parse(c.URL) // ProfileConfig.Validate has refused a bad one
	return &profiles{at: at, client: client, lookup: lookup, log: log}
}

func (p *profiles) get(ctx context.Context, app string, uid ticket.UID) (pairing.Profile, error) {
	return p.lookup(ctx, app+"/"+uid.String(), func(ctx context.Context) (pairing.Profile, error) { return p.ask(ctx, app, uid) })
}

var errProfiles = errors.New("the business server was not reached for profiles")

func (p *profiles) ask(ctx context.Context, app string, uid ticket.UID) (pairing.Profile, error) {
	if time.Now().UnixNano() < p.after.Load() {
		return pairing.Profile{}, errProfiles
	}
	ctx, cancel := context.WithTimeout(ctx, profileTimeout)
	defer cancel()
	u := *p.at
	q := u.Query()
	q.Set("app", app)
	q.Set("uid", uid.String())
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return pairing.Profile{}, errProfiles
	}
	vendors.TraceOf(ctx).Tell(req.Header)
	res, err := p.client.Do(req)
	if err != nil {
		p.after.Store(time.Now().Add(profilePause).UnixNano())
		p.log.Warn("business server not reached for profiles") // its URL may hold a secret
		return pairing.Profile{}, errProfiles
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		return readProfile(io.LimitReader(res.Body, profileBytes))
	case http.StatusNotFound:
		return pairing.Profile{}, nil
	default:
		return pairing.Profile{}, fmt.Errorf("profile: the business server answered %d", res.StatusCode)
	}
}

func readProfile(r io.Reader) (out pairing.Profile, err error) {
	var in struct {
		Language, Region, Role string
		Blocked                []json.RawMessage // numbers, or the same as text
	}
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return out, errors.New("profile: the business server's answer is not the JSON that is expected")
	}
	out = pairing.Profile{Language: in.Language, Region: in.Region, Role: in.Role}
	for _, raw := range in.Blocked {
		uid, err := ticket.ParseUID(strings.Trim(string(raw), `"`))
		if err != nil {
			return out, errors.New("profile: blocked holds what is no user id")
		}
		out.Blocked = append(out.Blocked, uid)
	}
	slices.Sort(out.Blocked)
	return out, nil
}
