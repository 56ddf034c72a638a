package pairing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"switchboard/app/pairing/ticket"
	"switchboard/vendors"
)

// Source returns the keys configured for an app and scene, "pair.ask_ttl" and
// so on; ErrNoConfig when the source works and has no row for them.
type Source func(ctx context.Context, app string, scene int) (map[string]string, error)

// Configs hands out configurations, and keeps the last good one for StaleMax
// while the source fails (docs/pairing.md#codes).
type Configs struct {
	Source   Source
	StaleMax time.Duration    // 0: a failing source is a failure at once
	Refresh  time.Duration    // how old an answer may be while the source works; 0: always asked
	Now      func() time.Time // nil: the machine's clock

	flight singleflight.Group
	mu     sync.Mutex // guards held
	held   map[poolKey]*heldConfig
}

type heldConfig struct {
	cfg   *ticket.Config
	at    time.Time
	tried time.Time // when the source last failed
	none  bool
}

// due reports whether the source is to be asked again. One that fails is not
// asked at every turn: whoever asks it waits.
func (h *heldConfig) due(now time.Time, every time.Duration) bool {
	return h == nil || now.Sub(h.at) >= every && now.Sub(h.tried) >= every
}

// Get returns the configuration of app and scene. ErrNoConfig: there is none;
// ErrConfig: the source failed and nothing young enough is known.
func (c *Configs) Get(ctx context.Context, app string, scene int) (*ticket.Config, error) {
	k := poolKey{app, scene}
	now := c.now()
	c.mu.Lock()
	h := c.held[k]
	c.mu.Unlock()
	if h.due(now, c.Refresh) {
		// Asked once for all who wait; one caller's leaving does not fail the others.
		fresh, err, _ := c.flight.Do(app+"/"+strconv.Itoa(scene), func() (any, error) {
			return c.fetch(context.WithoutCancel(ctx), k)
		})
		switch {
		case err == nil:
			h = fresh.(*heldConfig)
		case h == nil || now.Sub(h.at) > c.StaleMax:
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	} else if now.Sub(h.at) > max(c.StaleMax, c.Refresh) {
		return nil, ErrConfig
	}
	if h.none {
		return nil, ErrNoConfig
	}
	return h.cfg, nil
}

func (c *Configs) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

const sourceTimeout = 3 * time.Second

func (c *Configs) fetch(ctx context.Context, k poolKey) (*heldConfig, error) {
	ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
	defer cancel()
	values, err := c.Source(ctx, k.app, k.scene)
	h := &heldConfig{at: c.now(), none: errors.Is(err, ErrNoConfig)}
	if err != nil && !h.none {
		c.failed(k)
		return nil, err
	}
	if !h.none {
		cfg, err := ticket.ParseConfig(values)
		if err != nil {
			c.failed(k)
			return nil, err
		}
		h.cfg = &cfg
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[poolKey]*heldConfig{}
	}
	if old := c.held[k]; old != nil && old.cfg != nil && h.cfg != nil && reflect.DeepEqual(old.cfg, h.cfg) {
		h.cfg = old.cfg // the same pointer for as long as nothing changes
	}
	c.held[k] = h
	return h, nil
}

func (c *Configs) failed(k poolKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.held[k]; old != nil {
		h := *old
		h.tried = c.now()
		c.held[k] = &h
	}
}

// Everywhere is the source of a product with one configuration for all.
func Everywhere(values map[string]string) Source {
	return func(context.Context, string, int) (map[string]string, error) { return values, nil }
}

// HTTP is a source behind a URL, which is asked with app and scene and answers
// with an object of keys; 404 says that there is none.
func HTTP(client *http.Client, at *url.URL) Source {
	return func(ctx context.Context, app string, scene int) (map[string]string, error) {
		u := *at
		q := u.Query()
		q.Set("app", app)
		q.Set("scene", strconv.Itoa(scene))
		u.RawQuery = q.Encode()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, errors.New("the source's URL cannot be used")
		}
		vendors.TraceOf(ctx).Tell(req.Header)
		res, err := client.Do(req)
		if err != nil {
			return nil, errors.New("the source was not reached") // the URL may hold a secret
		}
		defer res.Body.Close()
		switch res.StatusCode {
		case http.StatusOK:
		case http.StatusNotFound:
			return nil, ErrNoConfig
		default:
			return nil, fmt.Errorf("the source answered %d", res.StatusCode)
		}
		var row jsonRow
		if err := json.NewDecoder(io.LimitReader(res.Body, maxRow)).Decode(&row); err != nil {
			return nil, fmt.Errorf("the source's answer: %w", err)
		}
		return row, nil
	}
}

// jsonRow is a row of keys whose values may be written as JSON has them: text,
// numbers, true and false, and lists.
type jsonRow map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (r *jsonRow) UnmarshalJSON(raw []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	*r = make(jsonRow, len(values))
	for k, v := range values {
		text, err := plain(v)
		if err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		(*r)[k] = text
	}
	return nil
}

// plain writes a JSON value as the environment would hold it.
func plain(raw json.RawMessage) (string, error) {
	var list []json.RawMessage
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil && raw[0] == '"':
		return text, nil
	case json.Unmarshal(raw, &list) == nil && raw[0] == '[':
		parts := make([]string, len(list))
		for i, v := range list {
			part, err := plain(v)
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return strings.Join(parts, ";"), nil
	case raw[0] == '{' || string(raw) == "null":
		return "", errors.New("text, a number, true, false or a list is required")
	default:
		return string(raw), nil
	}
}

const maxRow = 1 << 20 // bytes of a source's answer

// File is a source in a JSON file, read anew each time: an object of objects,
// by "app/scene", "app/*" or "*".
func File(path string) Source {
	return func(_ context.Context, app string, scene int) (map[string]string, error) {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var rows map[string]jsonRow
		if err := json.Unmarshal(b, &rows); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, key := range []string{app + "/" + strconv.Itoa(scene), app + "/*", "*"} {
			if row, ok := rows[key]; ok {
				return row, nil
			}
		}
		return nil, ErrNoConfig
	}
}
