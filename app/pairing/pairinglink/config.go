package pairinglink

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"switchboard/app/environ"
	"switchboard/app/pairing/ticket"
	"switchboard/app/webhook"
	"switchboard/vendors"
)

// Config says where pair matching's own configuration comes from and who
// is told of what happens.
type Config struct {
	Keys         map[string]string `desc:"pair.* keys that hold for every app and scene: ask_ttl:30s,fanout:2; lists by semicolon"`
	Source       string            `desc:"what holds per app and scene, over the keys: the path of a JSON file, an http(s) URL asked with app and scene, or sql for the table pair_settings; empty: nothing"`
	Refresh      time.Duration     `default:"5s" desc:"how old an answer of the source may be before it is asked again"`
	StaleMax     time.Duration     `split_words:"true" default:"10m" desc:"how long the last answer holds while the source fails; then 200003"`
	SkewMax      time.Duration     `split_words:"true" default:"250ms" desc:"distance from the store's clock above which this process fires no deadline"`
	From         string            `default:"pairing" desc:"user id that commands are sent from at vendors"`
	EventsURL    string            `envconfig:"EVENTS_URL" desc:"business server that is told of every step; empty: nobody"`
	Profile      ProfileConfig
	EventsSecret vendors.Secret `split_words:"true" desc:"whsec_... key that signs what is told (Standard Webhooks)"`
}

// Validate returns every mistake; each begins with the variable's name.
func (c Config) Validate() error {
	var errs []error
	if _, err := ticket.ParseConfig(prefixed(c.Keys)); err != nil {
		errs = append(errs, fmt.Errorf("KEYS: %w", err))
	}
	for _, v := range []struct {
		name  string
		value time.Duration
	}{{"REFRESH", c.Refresh}, {"STALE_MAX", c.StaleMax}, {"SKEW_MAX", c.SkewMax}} {
		if v.value < 0 {
			errs = append(errs, fmt.Errorf("%s: must not be less than 0", v.name))
		}
	}
	errs = append(errs, c.Profile.Validate())
	if c.EventsURL != "" {
		_, err := webhook.New(c.EventsURL, c.EventsSecret)
		errs = append(errs, environ.Named("EVENTS_", err))
	}
	return errors.Join(errs...)
}

func prefixed(keys map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range keys {
		out["pair."+k] = v
	}
	return out
}

// ProfileConfig says who knows what pair matching has to know of people.
type ProfileConfig struct {
	URL   string        `desc:"http(s) URL asked with app and uid for {\"language\",\"region\",\"role\",\"blocked\":[uids]}, every field optional, 404 for nothing known; empty: nobody is asked"`
	TTL   time.Duration `default:"10s" desc:"how long an answer holds: a new block counts at the latest then"`
	Stale time.Duration `default:"10m" desc:"how long it holds beyond that while the URL fails; then pair.profile.on_error decides"`
}

// Validate returns every mistake; each begins with the variable's name.
func (c ProfileConfig) Validate() error {
	var errs []error
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		errs = append(errs, errors.New("PROFILE_URL: must be http or https with a host"))
	}
	if c.TTL <= 0 {
		errs = append(errs, errors.New("PROFILE_TTL: must be more than 0"))
	}
	if c.Stale < 0 {
		errs = append(errs, errors.New("PROFILE_STALE: must not be less than 0"))
	}
	return errors.Join(errs...)
}
