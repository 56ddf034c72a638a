package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"

	"switchboard/app/access"
	"switchboard/app/vendorset"
	"switchboard/middleware"
)

// The sandbox's one app is that of the samples in the conversation API, and its credentials
// are no secrets: they open nothing but mocks.
const (
	sandboxApp    = "666666"
	sandboxKey    = "master"
	sandboxSecret = vendorset.SandboxSecret
	sandboxAdmin  = "sandbox"
)

// sandbox is the mock vendors in this process. A nil one is no sandbox.
type sandbox struct {
	names  []string
	urls   map[string]string
	closes []func() error
}

// openSandbox starts the mocks when no vendor is configured, and points cfg at
// them; otherwise it returns nil. A vendor whose server runs on this machine is taken
// beside the mocks of the others. Production refuses to run on mocks.
func openSandbox(cfg *Config, address string) (*sandbox, error) {
	if !cfg.sandboxed() {
		return nil, nil
	}
	if cfg.Env == production {
		return nil, fmt.Errorf("%s_ENV: no vendor is configured, and production does not run on mock vendors", envPrefix)
	}
	s := &sandbox{urls: map[string]string{}}
	if err := s.start(cfg, address); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if cfg.AllowedOrigins == nil {
		cfg.AllowedOrigins = middleware.Origins{"http://localhost:*", "http://127.0.0.1:*"}
	}
	if cfg.AdminKey == "" {
		cfg.AdminKey = sandboxAdmin
	}
	if len(cfg.Apps) == 0 {
		cfg.Apps = access.Apps{{ID: sandboxApp, Key: sandboxKey, JWTSecret: sandboxSecret, Open: true}}
	}
	if cfg.Pairing.Keys["exclude_last"] == "" { // two people play here, again and again
		keys := map[string]string{"exclude_last": "0"}
		maps.Copy(keys, cfg.Pairing.Keys)
		cfg.Pairing.Keys = keys
	}
	return s, nil
}

// start starts one mock after the other, each on its usual port or, where that is
// taken, on a free one, tells cfg where it is, and tells those
// that call back where we are.
func (s *sandbox) start(cfg *Config, address string) error {
	if cfg.Route.Rooms == "" {
		cfg.Route.Rooms = cfg.VendorsConfig.SandboxRooms()
	}
	for _, vendor := range vendorset.Mocked() {
		if vendor.Configured(cfg.VendorsConfig) {
			continue // one that may stand beside
		}
		options := vendorset.MockOptions{
			Listen:    vendor.Listen,
			Given:     func(setting string) string { return vendor.Sandbox[setting] },
			Callbacks: "http://" + address + "/callbacks", Furnished: true,
		}
		m, err := vendor.StartMock(options)
		if taken := new(net.OpError); errors.As(err, &taken) {
			options.Listen = "" // another sandbox or the mocks alone have the usual port
			m, err = vendor.StartMock(options)
		}
		if err != nil {
			return err
		}
		s.add(vendor.Name, m.URL, m.Close)
		if err := vendor.Use(&cfg.VendorsConfig, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *sandbox) add(name, url string, closer func() error) {
	s.names = append(s.names, name)
	s.urls[name] = url
	s.closes = append(s.closes, closer)
}

func (s *sandbox) close() error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, closer := range s.closes {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// welcome says what this is and what to paste.
func (s *sandbox) welcome(w io.Writer, address string, apps *access.Directory) error {
	if s == nil {
		return nil
	}
	token, err := apps.Mint(sandboxApp, "1001", 1)
	if err != nil {
		return nil // apps of the operator's own: they have their own tokens
	}
	address = dialled(address)
	_, err = fmt.Fprintf(w, `
Switchboard on http://%[1]s  (open it in a browser; docs: http://%[1]s/docs)
Sandbox: no vendor is configured, so these mock vendors serve, in this process:
`, address)
	for _, name := range s.names {
		_, err = fmt.Fprintf(w, "  %-10s %s  (what it received: %[2]s/_mock/)\n", name, s.urls[name])
	}
	if err == nil {
		_, err = fmt.Fprintf(w, `
A token of user 1001, and three lines to paste:
  TOKEN=%[2]s
  curl -s http://%[1]s/api/v1/im/before/check -H "Authorization: Bearer $TOKEN" -d '{"param":{"rc_msg":"RC:TxtMsg","peer_uid":1002,"content":"hello"}}'
  curl -s http://%[1]s/api/v1/translate/action -H "Authorization: Bearer $TOKEN" -d '{"param":{"text":["hello","world"],"short":"zh"}}'
  curl -s http://%[1]s/api/server/im/send/tip -H 'app-id: %[3]s' -H 'app-key: %[4]s' -d '{"param":{"from":"1001","targets":[1002],"msg":"you are connected"}}'

`, address, token, sandboxApp, sandboxKey)
	}
	return err
}

// dialled is an address at which a browser on this machine finds what listens at address,
// which may be every one: no browser opens 0.0.0.0 or [::] everywhere.
func dialled(address string) string {
	listens, err := netip.ParseAddrPort(address)
	if err != nil || !listens.Addr().IsUnspecified() {
		return address
	}
	return fmt.Sprintf("127.0.0.1:%d", listens.Port())
}
