package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"switchboard/app/environ"
	"switchboard/app/vendorset"
)

// sandboxed says that no vendor is configured: mock vendors serve.
func (c Config) sandboxed() bool {
	return !c.VendorsConfig.Any(c.Env == production) && c.AccountsFile == ""
}

// outside returns the mistakes that only a look at this machine shows: at its addresses,
// and at what the configured accounts can.
func (c Config) outside() error {
	var errs []error
	switch {
	case c.sandboxed() && c.Env == production:
		errs = append(errs, errors.New("ENV: no vendor is configured, and production does not run on mock vendors"))
	case c.sandboxed():
		addresses, _ := net.InterfaceAddrs() // none known: nothing to refuse
		if at := publicAddress(c.Listen, addresses); at.IsValid() {
			errs = append(errs, fmt.Errorf("LISTEN: the sandbox's keys are known to everybody, and %s is a public address: listen on 127.0.0.1, or configure a vendor", at))
		}
	default:
		errs = append(errs, c.checkRoutes())
	}
	return errors.Join(errs...)
}

// checkRoutes says which route names an account that is not there, or cannot serve it.
func (c Config) checkRoutes() error {
	base, err := c.Route.Parse()
	if err != nil {
		return nil // Validate of its part tells it
	}
	accounts, err := vendorset.Open(c.accounts())
	if err != nil {
		return nil // so does vendorset.Validate
	}
	defer accounts.Close()
	return environ.Named("ROUTE_", c.Route.Apply(accounts.Router, base))
}

// publicAddress is an address that everybody may reach and that listen, host:port, takes
// in, out of this machine's; the zero Addr when there is none.
func publicAddress(listen string, machine []net.Addr) netip.Addr {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return netip.Addr{} // told elsewhere
	}
	at, err := netip.ParseAddr(host)
	switch {
	case err == nil && !at.IsUnspecified():
		if isPublic(at) {
			return at
		}
		return netip.Addr{}
	case err != nil && host != "":
		return netip.Addr{} // a name: the machine's own, mostly localhost
	}
	for _, a := range machine {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && isPublic(prefix.Addr()) {
			return prefix.Addr()
		}
	}
	return netip.Addr{}
}

var carrierNAT = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598: not reached from outside

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !carrierNAT.Contains(a)
}

// doubts are what a start works with and probably was not meant; each is a warning.
func (c Config) doubts() (texts []string) {
	doubt := func(when bool, text string) {
		if when {
			texts = append(texts, text)
		}
	}
	doubt(c.BusURL != "" && c.DatabaseURL == "", envPrefix+"_BUS_URL joins replicas, but each would have a SQLite file of its own: set "+envPrefix+"_DATABASE_URL")
	doubt(c.DatabaseURL != "" && c.UploadConfig.URL == "", envPrefix+"_DATABASE_URL is shared by replicas, but uploads stay in "+envPrefix+"_DATA_DIR of one: set "+envPrefix+"_BLOB_URL, or share the folder")
	doubt(c.Env == production && c.AdminKey == "", envPrefix+"_ADMIN_KEY is not set: nobody can switch a route or a breaker while it runs")
	for _, text := range c.inClear() {
		doubt(true, text)
	}
	doubt(c.DrainDelay == 0 && c.Env == production, envPrefix+"_DRAIN_DELAY is 0: a load balancer has no time to look elsewhere before a stop closes the port")
	if c.Env != production && !c.sandboxed() {
		encrypted := c.accounts()
		encrypted.Upstream.Encrypted = true
		if err := vendorset.Validate(encrypted); err != nil && vendorset.Validate(c.accounts()) == nil {
			doubt(true, "production would refuse it: "+err.Error())
		}
	}
	return texts
}
