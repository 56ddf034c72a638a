package vendorset

import (
	"errors"
	"fmt"
	"strings"

	"switchboard/vendors"
)

// Routes says, per capability, which vendors may serve it. Empty: every
// configured vendor that can, in the order of the table.
type Routes struct {
	Tokens     string `desc:"vendors that issue client SDK credentials, best first: rongcloud,linkv; or by weight: weighted/rongcloud=3,linkv=1 or hash/rongcloud=1,linkv=1; behind it ;least_bad to call the first when no vendor is healthy, and ;auth_failover to pass over one that refuses our credentials"`
	Messages   string `desc:"vendors that carry messages, as above"`
	Presence   string `desc:"vendors that know who is online, as above"`
	Words      string `desc:"vendors whose sensitive words count, as above"`
	Translator string `desc:"vendors that translate, as above"`
	Wallet     string `desc:"the vendor that keeps coins; only the first is asked"`
	Rooms      string `desc:"vendors that run RTC rooms, as above"`
	Groups     string `desc:"vendors that new groups are made at, as above; empty: those of the messages route that can"`
	Chatrooms  string `desc:"vendors that new chat rooms are made at, as above; empty: those of the messages route that can"`
}

// routes lists what configuration says by capability.
func (r Routes) routes() map[vendors.Capability]string {
	return map[vendors.Capability]string{
		vendors.CapTokens: r.Tokens, vendors.CapMessages: r.Messages, vendors.CapPresence: r.Presence,
		vendors.CapWords: r.Words, vendors.CapTranslator: r.Translator, vendors.CapWallet: r.Wallet, vendors.CapRooms: r.Rooms,
		vendors.CapGroups: r.Groups, vendors.CapChatRooms: r.Chatrooms,
	}
}

// Validate returns every route that cannot be read; each error begins with the
// variable's name.
func (r Routes) Validate() error {
	_, err := r.Parse()
	return err
}

// Parse reads the routes that are configured.
func (r Routes) Parse() (map[vendors.Capability]vendors.Route, error) {
	parsed := map[vendors.Capability]vendors.Route{}
	var errs []error
	for c, value := range r.routes() {
		if value == "" {
			continue
		}
		route, err := vendors.ParseRoute(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", strings.ToUpper(string(c)), err))
		}
		parsed[c] = route
	}
	return parsed, errors.Join(errs...)
}

// Apply makes the router follow the configured routes, which Parse has read. Its
// error begins with the variable's name.
func (r Routes) Apply(router *vendors.Router, routes map[vendors.Capability]vendors.Route) error {
	err := router.Apply(routes)
	var bad *vendors.RouteError
	if errors.As(err, &bad) {
		return fmt.Errorf("%s: %w", strings.ToUpper(string(bad.Capability)), bad.Err)
	}
	return err
}
